/** One entry of a conversation, drawn: theirs left, ours right, what was done quietly between them. */

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { attachmentCards } from './attachments.js';
import { onItsWay_s } from './lines_order.js';
import { clock, day, lasted } from '../times.js';
import { visibleText, word } from '../visible_text_view.js';
import { inWelsh, isWelsh, t } from '../words.js';

const RAW_SHOWN = 2_000;
const EXTRA_SHOWN = 30;
const APART_S = 1;

/**
 * @param {import('./lines_order.js').Entry} entry
 * @param {{contact: any, me: string, unfolded: Set<string>, unfold: (what: string) => void, ask?: (question: string) => void,
 *          again?: (line: any) => void, sentAgain: (id: string) => string, looking: import('./looking.js').Looking}} how `ask` and `again` are missing where
 *   the contact is not in this handler's hands
 */
export function entry(entry, how) {
  if (entry.kind === 'day') return html`<li class="line day"><span>${day(Date.parse(entry.at))}</span></li>`;
  if (entry.kind === 'done')
    return html`<li class="line done ${entry.loud ? 'loud' : ''}"><span class="number">${clock(entry.at)}</span>
      ${t(`conversation.${entry.key}`, entry.values)}</li>`;
  if (entry.kind === 'note') return note(entry.note, how);
  return entry.ours ? ours(entry, how) : theirs(entry, how);
}

function note(one, how) {
  return html`<li class="line note"><p class="meta"><strong>${t('conversation.note_of', { who: one.author })}</strong>
      <span class="number">${clock(one.at)}</span> · ${t('conversation.note_inner')}</p>
    <p class="words">${text(one.id, one.text, how)}</p></li>`;
}

function theirs({ line, corrected, corrects }, how) {
  const flags = line.flags ?? [];
  return html`<li class="line theirs ${flags.includes('old') ? 'old' : ''}" data-line=${line.id}>
    ${flags.includes('old') ? html`<p class="old-mark">${t('conversation.old', { age: lasted(onItsWay_s(line)) })}</p>` : nothing}
    ${flags.includes('edit') ? edited(line, corrects, how) : nothing}
    ${flags.includes('conflict') ? html`<p class="flag">${t('conversation.conflict')}</p>` : nothing}
    ${flags.includes('defective') ? html`<p class="flag">${t('conversation.defective')}</p>` : nothing}
    ${line.text === '[location sent]'
      ? html`<p class="words quiet">${t('conversation.place_sent')}</p>`
      : line.text ? html`<p class="words ${corrected ? 'corrected' : ''}">${text(line.id, line.text, how, line.clues)}</p>` : nothing}
    ${questions(line, how)}
    ${line.raw ? raw(line, how) : nothing}
    ${attachmentCards(line, how)}
    ${extra(line, how)}
    <p class="meta">${clocks(line)}${elsewhere(line, how)}${repeats(line, how)}
      ${corrected ? html` · ${t('conversation.corrected_at', { at: clock(corrected.at) })}` : nothing}</p></li>`;
}

function ours({ line, automatic }, how) {
  const failed = line.delivery === 'failed';
  const again = how.sentAgain(line.id);
  return html`<li class="line ours ${automatic ? 'automatic' : ''} ${failed ? 'failed' : ''}" data-line=${line.id}>
    <p class="words">${text(line.id, line.text, how)}</p>
    <p class="meta"><span class="number">${clock(line.at)}</span> ·
      ${automatic ? html`<span class="machine">${t('conversation.automatic')}</span>` : line.author}${elsewhere(line, how)} ·
      <span class="delivery" data-delivery=${line.delivery}>${delivery(line)}</span></p>
    ${failed
      ? html`<p class="flag">${t('conversation.failed')}${line.trouble ? html`: <bdi>${line.trouble}</bdi>` : nothing}
          ${how.again && !again && !automatic ? html`<button type="button" class="button small" @click=${() => how.again(line)}>${t('conversation.send_again')}</button>` : nothing}
          ${again ? html`<span>${t('conversation.sent_again')}</span>` : nothing}</p>`
      : nothing}</li>`;
}

function delivery(line) {
  const said = word(`conversation.delivery_${line.delivery}`, line.delivery);
  return line.delivered_at ? `${said} ${clock(line.delivered_at)}` : said;
}

function text(id, said, how, clues = []) {
  return visibleText(said, {
    clues: clues.map((clue) => ({ ...clue, note: inWelsh(clue.note, how.contact.welsh), noteIsEnglish: isWelsh() && !how.contact.welsh?.[clue.note] })),
    language: how.contact.contact.language,
    ...(how.unfolded.has(`all:${id}`) ? { limit: Infinity } : {}),
    more: () => how.unfold(`all:${id}`),
  });
}

/** Both clocks where they differ: what the sender's side says, and when it came to us. */
function clocks(line) {
  const apart = onItsWay_s(line);
  if (apart < APART_S) return html`<span class="number">${clock(line.at)}</span>`;
  return html`<span class="number">${t('conversation.both_clocks', { sent: clock(line.sent_at), arrived: clock(line.at) })}</span>`;
}

/** Where a line came another way than the contact: two contacts that were merged. */
function elsewhere(line, how) {
  const its = how.contact.contact;
  if (!line.contact || line.contact === its.id) return nothing;
  return html` · ${t('conversation.from_merged', { channel: word(`conversation.channel_${line.channel}`, line.channel) })}`;
}

function repeats(line, how) {
  const times = line.repeated_at ?? [];
  if (!times.length) return nothing;
  const all = [line.at, ...times];
  const name = `repeats:${line.id}`;
  const shown = how.unfolded.has(name) || all.length <= 3 ? all : [all[0], all.at(-1)];
  return html` · <strong class="repeats">${t('conversation.repeated', { count: all.length })}</strong>
    <span class="number">(${shown.map((at, n) => (n ? `, ${clock(at)}` : clock(at)))})</span>
    ${shown.length < all.length ? html`<button type="button" class="button small" @click=${() => how.unfold(name)}>${t('conversation.all_times')}</button>` : nothing}`;
}

function edited(line, before, how) {
  return html`<p class="edit-mark">${before ? t('conversation.edit', { at: clock(before.at) }) : t('conversation.edit_unknown')}</p>
    ${before?.text ? html`<p class="words before"><del>${text(`before:${line.id}`, before.text, how)}</del></p>` : nothing}`;
}

function questions(line, how) {
  const open = (line.clues ?? []).filter((clue) => clue.question);
  const asked = [...new Map(open.map((clue) => [clue.question, clue])).values()];
  if (!asked.length) return nothing;
  return html`<p class="questions">${asked.map((clue) => html`<span>${t('conversation.unclear', { words: clue.words })}</span>
    ${how.ask ? html`<button type="button" class="button small" @click=${() => how.ask(clue.question)}>${t('conversation.ask', { question: clue.question })}</button>` : nothing} `)}</p>`;
}

function raw(line, how) {
  const whole = how.unfolded.has(`raw:${line.id}`) ? Infinity : RAW_SHOWN;
  return html`<div class="raw" role="group" aria-label=${t('conversation.raw')}><p class="meta">${t('conversation.raw')}</p>
    <p class="words">${visibleText(line.raw, { limit: whole, more: () => how.unfold(`raw:${line.id}`) })}</p></div>`;
}

/** A table in a table (an app's own questions) is shown as its rows. */
function apart(key, value) {
  const isTable = value !== null && typeof value === 'object' && !Array.isArray(value);
  return isTable ? Object.entries(value).map(([inner, one]) => [`${key} · ${inner}`, one]) : [[key, value]];
}

function extra(line, how) {
  const pairs = Object.entries(line.extra ?? {}).flatMap(([key, value]) => apart(key, value));
  if (!pairs.length) return nothing;
  const name = `extra:${line.id}`;
  const shown = how.unfolded.has(name) ? pairs : pairs.slice(0, EXTRA_SHOWN);
  return html`<details class="extra"><summary>${t('conversation.extra', { count: pairs.length })}</summary>
    <dl>${shown.map(([key, value]) => html`<dt>${visibleText(key)}</dt><dd>${visibleText(typeof value === 'string' ? value : JSON.stringify(value), { limit: 1_000 })}</dd>`)}</dl>
    ${shown.length < pairs.length ? html`<button type="button" class="button small" @click=${() => how.unfold(name)}>${t('conversation.show_all', { count: pairs.length })}</button>` : nothing}</details>`;
}
