/** The questions asked before something is done to a contact. */

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { ask, openDialog } from '../dialog.js';
import { refused } from '../told.js';
import { t } from '../words.js';

const HOLDS_S = [300, 900, 1_800, 3_600];
const CLOSE_REASONS = ['answered', 'sent', 'no_answer', 'by_mistake', 'test', 'duplicate'];
const REASON_LIMIT = 200;

export async function askPriority(desk, row) {
  const priority = await openDialog(t('conversation.priority_of', { reference: row.reference }), (close) => html`
    <p class="choices">${[1, 2, 3].map((one) => html`<button type="button" class="button" aria-pressed=${one === row.priority ? 'true' : 'false'}
      @click=${() => close(one)}><span class="badge p${one}">${t(`conversation.priority_${one}`)}</span></button> `)}
      <button type="button" class="button" @click=${() => close()}>${t('common.cancel')}</button></p>`);
  if (priority && priority !== row.priority) await desk.open.change(row.id, 'priority', { priority });
}

/** A link to the caller's own browser; where there are none, the words that ask. */
export async function askLocation(desk, reply) {
  const row = desk.open.shown().contact;
  const mode = await ask(t('conversation.location_title'), t(row.silent ? 'conversation.location_silent' : 'conversation.location_text'), [
    { value: 'once', label: t('conversation.location_once'), main: true },
    { value: 'live', label: t('conversation.location_live') },
    { value: 'words', label: t('conversation.location_words') },
  ]);
  if (!mode) return;
  if (mode !== 'words') {
    try {
      return await desk.open.change(row.id, 'links', { mode });
    } catch (error) {
      if (error.code !== 'refused') throw error;
      desk.say(refused(error));
    }
  }
  const { replies, language } = await desk.api.get(`/stock-replies?language=${encodeURIComponent(row.language || 'en')}`);
  const where = replies.find((one) => one.id === 'where');
  reply.fill(where?.texts[language]?.text ?? where.text);
}

export async function askHold(desk, row) {
  let reason = '';
  const for_s = await openDialog(t('conversation.hold_title', { reference: row.reference }), (close) => html`
    <div class="field"><label for="hold-reason">${t('conversation.reason')}</label>
      <input id="hold-reason" maxlength=${REASON_LIMIT} @input=${(event) => (reason = event.target.value)}></div>
    <p class="choices">${HOLDS_S.map((one) => html`<button type="button" class="button" @click=${() => close(one)}>${t('conversation.hold_for', { minutes: one / 60 })}</button> `)}
      <button type="button" class="button" @click=${() => close()}>${t('common.cancel')}</button></p>`);
  if (!for_s) return;
  await desk.open.change(row.id, 'hold', { for_s, reason: reason.trim() || t('conversation.hold_no_reason') });
  desk.open.gone(row.id);
}

/** A reason is chosen or written. A room that has not answered yet has to be confirmed away. */
export async function askClose(desk, row) {
  let other = '';
  const reason = await openDialog(t('conversation.close_title', { reference: row.reference }), (close, draw) => html`
    ${desk.state.get('drafts').text(row.id) ? html`<p class="flag">${t('conversation.close_draft')}</p>` : nothing}
    <div class="choices down">${CLOSE_REASONS.map((one) => html`<button type="button" class="button" @click=${() => close(t(`conversation.closed_${one}`))}>${t(`conversation.closed_${one}`)}</button>`)}</div>
    <div class="field"><label for="close-reason">${t('conversation.other_reason')}</label>
      <input id="close-reason" maxlength=${REASON_LIMIT} @input=${(event) => { other = event.target.value.trim(); draw(); }}></div>
    <p><button type="button" class="button main" ?disabled=${!other} @click=${() => close(other)}>${t('conversation.close_now')}</button>
      <button type="button" class="button" @click=${() => close()}>${t('common.cancel')}</button></p>`);
  if (!reason) return;
  try {
    await desk.open.change(row.id, 'close', { reason });
  } catch (error) {
    if (error.code !== 'refused') throw error;
    const anyway = await ask(t('conversation.close_refused'), refused(error), [{ value: true, label: t('conversation.close_anyway') }]);
    if (!anyway) return;
    await desk.open.change(row.id, 'close', { reason, anyway: true });
  }
  desk.open.gone(row.id);
}
