/** Two contacts that are one conversation: candidates with their reasons, a look before, and undoing it. */

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { caller } from './header.js';
import { openDialog } from '../dialog.js';
import { clock } from '../times.js';
import { plain } from '../visible_text.js';
import { visibleText, word } from '../visible_text_view.js';
import { refused } from '../told.js';
import { t } from '../words.js';

const REASON_LIMIT = 200;
const PREVIEWED = 6;
const WITH_ROOMS = ['sending', 'delivered', 'accepted'];

/** @param {any} desk @param {(id: string, run: () => any, extra?: object) => void} add */
export function addMerging(desk, add) {
  add('conversation.merge', async () => {
    const { contact, merged } = desk.open.shown();
    chooser.said.delete(contact.id);
    const { candidates } = await desk.api.get(`/contacts/${contact.id}/merge-candidates`);
    const chosen = await openDialog(t('conversation.merge_title', { reference: contact.reference }), (close, draw) => chooser({ desk, contact, candidates, merged: merged ?? [], close, draw }));
    if (chosen?.undo) await undo(desk, contact.id, chosen.undo);
    else if (chosen?.into) await merge(desk, contact, chosen);
  });
}

async function merge(desk, contact, { into, reason }) {
  const { open } = desk;
  const drafts = desk.state.get('drafts');
  await open.change(contact.id, 'merge', { into, reason });
  // What was typed here goes along, as the server's copy does.
  const typed = drafts.text(contact.id);
  if (typed) drafts.set(into, [drafts.text(into), typed].filter(Boolean).join('\n'));
  drafts.set(contact.id, '');
  open.gone(contact.id);
  open.show(into);
  desk.say(t('conversation.merge_done'));
}

async function undo(desk, kept, merge) {
  const { contact } = await desk.api.post(`/contacts/${kept}/unmerge`, { merge });
  await desk.open.fetch(kept);
  if (await whereItIs(contact)) await desk.open.take(contact.id);
}

/** The claim is not brought back: say where the contact is now, and let it be taken from there. Resolves with whether it is. */
function whereItIs(row) {
  const place = WITH_ROOMS.includes(row.state) ? 'rooms' : row.claimable ? 'waiting' : 'aside';
  const said = t(`conversation.merge_undone_${place}`, { reference: row.reference, since: clock(row.queued_at), until: row.until ? clock(row.until) : '' });
  return openDialog(t('conversation.merge_undone', { reference: row.reference }), (close) => html`<p>${said}</p>
    <p>${place === 'rooms' ? nothing : html`<button type="button" class="button main" autofocus data-take @click=${() => close(true)}>${t('conversation.merge_take')}</button>`}
      <button type="button" class="button" @click=${() => close(false)}>${t(place === 'rooms' ? 'common.close' : 'conversation.merge_leave')}</button></p>`);
}

/** The list, and beside the chosen one what was said there. */
function chooser({ desk, contact, candidates, merged, close, draw }) {
  const say = chooser.said.get(contact.id) ?? { into: '', preview: null, reason: '', typed: '' };
  chooser.said.set(contact.id, say);
  const look = async (address) => {
    say.into = '';
    say.preview = null;
    say.trouble = '';
    draw();
    try {
      say.preview = await desk.api.get(`/contacts/${encodeURIComponent(address)}`);
      say.into = say.preview.contact.id;
    } catch (error) {
      say.trouble = refused(error);
    }
    if (say.into === contact.id) Object.assign(say, { into: '', preview: null, trouble: t('conversation.merge_itself') });
    draw();
  };
  const finish = () => close({ into: say.into, reason: say.reason.trim() || t('conversation.merge_reason_same') });
  return html`<p>${t('conversation.merge_why', { reference: contact.reference })}</p>
    ${merged.length ? html`<ul class="merge-list">${merged.map((one) => html`<li><span>${t('conversation.merge_part', { reference: one.reference, who: one.by, at: clock(one.at) })}</span>
      <button type="button" class="button small" @click=${() => close({ undo: one.id })}>${t('conversation.merge_undo')}</button></li>`)}</ul>` : nothing}
    ${candidates.length ? html`<ul class="merge-list">${candidates.map((one) => html`<li class=${one.contact_id === say.into ? 'chosen' : ''}>
      <span><strong class="number">${one.reference}</strong> ${word(`conversation.channel_${one.channel}`, one.channel)} · ${plain(caller(one.caller))}
        ${one.claimed_by ? html` · ${t('conversation.merge_with', { who: one.claimed_by })}` : nothing}<br>
        <span class="quiet">${one.reasons.map((reason) => reason[document.documentElement.lang] ?? reason.en).join(' · ')}</span></span>
      <button type="button" class="button small" aria-pressed=${one.contact_id === say.into ? 'true' : 'false'} @click=${() => look(one.contact_id)}>${t('conversation.merge_look')}</button></li>`)}</ul>`
      : html`<p class="quiet">${t('conversation.merge_none')}</p>`}
    <div class="field merge-other"><label for="merge-address">${t('conversation.merge_other')}</label>
      <input id="merge-address" maxlength="40" @input=${(event) => (say.typed = event.target.value.trim())}
        @keydown=${(event) => event.key === 'Enter' && say.typed && look(say.typed)}>
      <button type="button" class="button small" @click=${() => say.typed && look(say.typed)}>${t('conversation.merge_look')}</button></div>
    ${say.trouble ? html`<p class="flag" role="alert">${say.trouble}</p>` : nothing}
    ${say.preview ? preview(say.preview) : nothing}
    <div class="field"><label for="merge-reason">${t('conversation.reason')}</label>
      <input id="merge-reason" maxlength=${REASON_LIMIT} @input=${(event) => (say.reason = event.target.value)}></div>
    <p><button type="button" class="button main" ?disabled=${!say.into} @click=${finish}>${say.preview
      ? t('conversation.merge_into', { reference: say.preview.contact.reference }) : t('conversation.merge_choose')}</button>
      <button type="button" class="button" @click=${() => close()}>${t('common.cancel')}</button></p>`;
}
/** What was chosen so far, by contact: the dialog is drawn anew each time something comes. */
chooser.said = new Map();

function preview(whole) {
  const said = whole.conversation.filter((line) => !line.author.startsWith('automatic:')).slice(-PREVIEWED);
  return html`<div class="merge-preview" role="group" aria-label=${t('conversation.merge_preview', { reference: whole.contact.reference })}>
    <p class="meta"><strong>${t('conversation.merge_preview', { reference: whole.contact.reference })}</strong> · ${t(`conversation.state_${whole.contact.state}`)}</p>
    ${said.map((line) => html`<p><span class="number">${clock(line.at)}</span> <strong>${line.author === 'caller' ? t('conversation.caller') : line.author}</strong>: ${visibleText(line.text, { limit: 300 })}</p>`)}</div>`;
}
