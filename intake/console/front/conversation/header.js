/** Who the shown contact is: two lines that say what it is about and whose it is. */

import { html, nothing, render } from '/libraries/lit-html/lit-html.js';
import { offeredTo } from './handing.js';
import { readersLine, readingLine } from './reading_along.js';
import { deskName } from '../queue/words.js';
import { clock, day, now } from '../times.js';
import { plain } from '../visible_text.js';
import { word } from '../visible_text_view.js';
import { filled } from '../told.js';
import { t } from '../words.js';

const ENDED = ['sending', 'delivered', 'accepted'];

export function drawHeader(root, desk, contact) {
  if (!contact) return render(nothing, root);
  const { state, open, commands } = desk;
  const row = contact.contact;
  const mine = Boolean(open.ours());
  const first = contact.conversation[0]?.at ?? row.queued_at;
  render(html`<div class="head">
    <div class="head-line">${mine
      ? commands.button('conversation.priority', `badge p${row.priority} small`, undefined, html`${t(`conversation.priority_${row.priority}`)} <span aria-hidden="true">▾</span><span class="spoken"> ${t('conversation.priority_change')}</span>`)
      : html`<span class="badge p${row.priority}">${t(`conversation.priority_${row.priority}`)}</span>`}
      <strong>${row.service ? word(`conversation.service_${row.service.replaceAll('-', '_')}`, row.service) : t('conversation.service_unknown')}</strong> ·
      ${word(`conversation.channel_${row.channel}`, row.channel)} · <span class="number reference">${row.reference}</span>
      <span class="state" data-state=${row.state}>${t(`conversation.state_${row.state}`)}</span>
      ${row.silent ? html`<span class="silent-mark">${t('conversation.silent_on')}</span>` : nothing}</div>
    <div class="head-line quiet"><span class="caller" title=${t('conversation.caller')}>${plain(caller(row.caller))}</span> ·
      ${row.language ? language(row.language) : t('conversation.language_unknown')} ·
      ${t('conversation.first_message')} <span class="number">${when(first)}</span></div>
    ${whose(contact, desk, state)}${readersLine(desk)}</div>`, root);
}

/** Said in full only where it is needed: the day where it is not today. */
function when(at) {
  const today = day(now());
  const its = day(Date.parse(at));
  return its === today ? clock(at) : `${its} ${clock(at)}`;
}

/** `+447700900123`, an address, an app's name for its caller. */
export function caller(uri) {
  return uri.replace(/^(?:tel|mailto):/u, '').replace(/^unknown:.*/u, '?');
}

export function language(code) {
  try {
    return new Intl.DisplayNames([document.documentElement.lang, 'en'], { type: 'language' }).of(code) ?? code;
  } catch {
    return code;
  }
}

/** Whoever only looks is told who has it, and how it becomes theirs. */
function whose(contact, desk, state) {
  const { open, commands } = desk;
  const row = contact.contact;
  const entry = open.find(row.id);
  if (entry && !entry.lost) {
    const to = offeredTo(contact, state.get('me').handler);
    if (!to) return nothing;
    const who = to === '*' ? t('conversation.offered_anybody') : t('conversation.offered_to', { who: deskName(to, { numbers: state.get('numbers') }, t) });
    return html`<div class="whose"><span>${who}</span>${commands.button('conversation.withdraw', 'small')}</div>`;
  }
  const other = row.claimed_by && row.claimed_by !== state.get('me').handler ? row.claimed_by : '';
  const reading = other && !entry ? readingLine(desk, deskName(other, { numbers: state.get('numbers') }, t)) : null;
  if (reading) return reading;
  const what = entry?.lost ? filled('conversation.lost', { reason: entry.lost })
    : other ? t('conversation.looking_other', { who: deskName(other, { numbers: state.get('numbers') }, t) })
    : row.state === 'closed' ? t('conversation.looking_closed')
    : row.state === 'stale' ? t('conversation.looking_stale', { since: clock(row.unreachable_since).slice(0, 5), reason: row.unreachable_reason })
    : row.state === 'merged' ? t('conversation.looking_merged')
    : ENDED.includes(row.state) ? t('conversation.looking_sent')
    : t('conversation.looking');
  return html`<div class="whose"><span>${what}</span>
    ${contact.merged_into ? html`<button type="button" class="button small" @click=${() => open.show(contact.merged_into)}>${t('conversation.look_at_kept')}</button>` : nothing}
    ${commands.can('conversation.take') ? commands.button('conversation.take', 'main small') : nothing}
    ${entry?.lost ? commands.button('conversation.put_away', 'small') : commands.button('conversation.leave', 'small')}</div>`;
}
