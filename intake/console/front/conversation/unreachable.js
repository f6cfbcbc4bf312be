/** The caller cannot be reached: marked by a button, its key, or the suggestion that stands above the reply. */

import { html, nothing, render } from '/libraries/lit-html/lit-html.js';
import { mayBeUnreachable, unreachableHint } from '../alarms/timers.js';
import { openDialog } from '../dialog.js';
import { lasted, now } from '../times.js';
import { t } from '../words.js';

const TRIED = ['wrote', 'rang', 'failed'];
const REASON_LIMIT = 200;

/** Adds the command `conversation.unreachable`. */
export function addUnreachable(desk, add, mine) {
  const { open } = desk;
  add('conversation.unreachable', () => askUnreachable(desk, open.shown()), {
    key: 'Alt+u',
    when: () => mine() && mayBeUnreachable(open.shown()),
    why: () => (open.ours() && open.shown() ? t('conversation.unreachable_not') : ''),
  });
}

/** What was tried is chosen or written. Whatever comes of the caller while this is asked keeps the contact here. */
async function askUnreachable(desk, contact) {
  const { contact: row, signs } = contact;
  let other = '';
  const reason = await openDialog(t('conversation.unreachable_title', { reference: row.reference }), (close, draw) => html`
    <p>${t(row.priority < 3 ? 'conversation.unreachable_urgent' : 'conversation.unreachable_routine')}</p>
    <div class="choices down">${TRIED.map((one) => html`<button type="button" class="button" @click=${() => close(t(`conversation.tried_${one}`))}>${t(`conversation.tried_${one}`)}</button>`)}</div>
    <div class="field"><label for="unreachable-tried">${t('conversation.tried_other')}</label>
      <input id="unreachable-tried" maxlength=${REASON_LIMIT} @input=${(event) => { other = event.target.value.trim(); draw(); }}></div>
    <p><button type="button" class="button main" ?disabled=${!other} @click=${() => close(other)}>${t('conversation.unreachable_now')}</button>
      <button type="button" class="button" @click=${() => close()}>${t('common.cancel')}</button></p>`);
  if (!reason) return;
  await desk.open.change(row.id, 'unreachable', { reason, signs });
  desk.open.gone(row.id);
}

/** The suggestion, between the lines and the reply, which stays where it is. It marks nothing by itself. */
export function mountUnreachable(root, desk) {
  const { state, open, commands } = desk;
  let said = '';
  state.watch(['shown', 'contacts', 'open', 'tick', 'live'], () => {
    const hint = open.ours() ? unreachableHint(open.shown(), now(), state.get('me').stale_suggest_s) : null;
    const lines = root.parentElement?.querySelector('.lines');
    const atEnd = lines && lines.scrollHeight - lines.scrollTop - lines.clientHeight < 4;
    const since = hint ? lasted((now() - hint.since) / 1000) : '';
    render(hint
      ? html`<div class="suggestion" data-suggestion=${hint.kind}><span>${t(`conversation.unreachable_${hint.kind}`, { since })}</span>${commands.button('conversation.unreachable', 'small')}</div>`
      : nothing, root);
    // What was being read stays in sight although there is less room for it.
    if (lines && atEnd) lines.scrollTop = lines.scrollHeight;
    const key = hint ? `${state.get('shown')} ${hint.kind} ${hint.since}` : '';
    if (key && key !== said) desk.say(`${t(`conversation.unreachable_${hint.kind}`, { since })} ${t('conversation.unreachable')}`);
    said = key;
  });
}
