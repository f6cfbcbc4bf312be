/** From hand to hand: F7 offers a conversation, what is offered to me stands in a strip, a shift ends with all of it. */

import { html, nothing, render } from '/libraries/lit-html/lit-html.js';
import { repeat } from '/libraries/lit-html/directives/repeat.js';
import { trying } from './actions.js';
import { keyName } from '../commands.js';
import { openDialog } from '../dialog.js';
import { deskName } from '../queue/words.js';
import { since_s, lasted } from '../times.js';
import { plain } from '../visible_text.js';
import { t } from '../words.js';

const NOTE_LIMIT = 1_000;
const SHOWN = 3;

/** @param {HTMLElement} root @param {any} desk */
export function mountHanding(root, desk) {
  const { state, live, open, commands } = desk;
  /** Offers to anybody that this handler put away; they stay for the others. */
  const passed = new Set();
  /** What this handler offers. */
  const offered = new Set();
  const isLive = () => state.get('live').status === 'live';
  live.on('offers', (frame) => state.set('offers', frame.offers));
  const called = (handler) => deskName(handler, { numbers: state.get('numbers') }, t);

  const mine = () => Boolean(open.ours()) && isLive();
  const add = (id, run, extra = {}) => commands.add({ id, label: id, area: 'conversation', when: mine, run: trying(desk, run), ...extra });
  add('conversation.hand_over', async () => {
    const { id, reference } = open.shown().contact;
    const chosen = await askWhom(desk, t('conversation.hand_title', { reference }));
    if (chosen) await open.change(id, 'hand', chosen);
  }, { key: 'F7' });
  add('conversation.withdraw', async () => {
    const { id } = open.shown().contact;
    await desk.api.post(`/contacts/${id}/withdraw-offer`);
    await open.fetch(id);
  }, { when: () => mine() && Boolean(offeredTo(open.shown(), state.get('me').handler)) });
  add('conversation.end_shift', async () => {
    const chosen = await askWhom(desk, t('conversation.end_shift_title'));
    if (!chosen) return;
    await desk.api.post('/shift/hand-over', chosen);
    for (const one of state.get('open')) open.fetch(one.id);
    desk.say(t('conversation.all_offered'));
  }, { when: () => isLive() && state.get('open').some((one) => !one.lost) });

  // What a colleague took of mine goes quietly, unless words of mine are left in it.
  live.on('lost', (frame) => {
    if (!offered.delete(frame.id) || state.get('drafts').text(frame.id)) return;
    desk.say(t('conversation.was_taken', { reference: state.get(`contact:${frame.id}`).contact.reference }));
    open.gone(frame.id);
  });
  // The contact itself comes before the word that it is lost, and then its offer has ended.
  state.watch(['contacts'], () => {
    const me = state.get('me').handler;
    for (const { id } of state.get('open')) {
      const contact = state.get(`contact:${id}`);
      if (offeredTo(contact, me)) offered.add(id);
      else if (contact?.contact.claimed_by === me) offered.delete(id);
    }
  });

  const take = trying(desk, async (offer) => {
    await open.taking(`/contacts/${offer.contact_id}/take-offer`);
  });
  const decline = trying(desk, async (offer) => {
    if (offer.to_handler) await desk.api.post(`/contacts/${offer.contact_id}/decline-offer`);
    else passed.add(offer.id);
    state.set('offers', state.get('offers').filter((one) => one.id !== offer.id));
  });

  const standing = () => (state.get('offers') ?? []).filter((one) => !passed.has(one.id));
  const isFull = () => state.get('open').filter((one) => !one.lost).length >= state.get('me').open_limit;
  add('conversation.take_offer', () => take(standing()[0]), {
    key: 'Alt+o', when: () => standing().length > 0 && !isFull() && isLive(),
    why: () => t(standing().length && isFull() ? 'conversation.offer_full' : 'conversation.no_offer'),
  });

  const draw = () => {
    const [offers, full] = [standing(), isFull()];
    render(offers.length ? html`<ul class="offers" aria-label=${t('conversation.offers')}>${repeat(offers.slice(0, SHOWN), (one) => one.id, (one, n) => html`<li>
        <span class="offer"><strong>${t('conversation.offer', { who: called(one.from_handler), reference: one.reference })}</strong>
          ${one.to_handler ? nothing : html`<span>${t('conversation.offer_anybody')}</span>`}
          ${one.note ? html`<q>${plain(one.note)}</q>` : nothing} <span class="number">${lasted(since_s(one.offered_at))}</span></span>
        <button type="button" class="button main small" ?disabled=${full || !isLive()} @click=${() => take(one)}>${t('conversation.offer_take')}${n ? nothing : html` <kbd>${keyName('Alt+o')}</kbd>`}</button>
        <button type="button" class="button small" ?disabled=${!isLive()} @click=${() => decline(one)}>${t(one.to_handler ? 'conversation.offer_decline' : 'conversation.offer_pass')}</button></li>`)}
      ${offers.length > SHOWN ? html`<li>${t('conversation.offers_more', { count: offers.length - SHOWN })}</li>` : nothing}
      ${full ? html`<li>${t('conversation.offer_full')}</li>` : nothing}</ul>` : nothing, root);
  };
  state.watch(['offers', 'open', 'live', 'tick', 'numbers'], draw);
}

/** To whom this handler offers the contact now, `*` for anybody, null where it is not offered. */
export function offeredTo(contact, me) {
  return contact?.offer?.from_handler === me ? contact.offer.to_handler || '*' : null;
}

function askWhom(desk, title) {
  const { state } = desk;
  const me = state.get('me').handler;
  const numbers = () => state.get('numbers') ?? {};
  const others = () => Object.keys(numbers()).filter((one) => one !== me).sort((a, b) => numbers()[a] - numbers()[b]);
  let to = '';
  let note = '';
  const content = (close) => html`
    <p>${t('conversation.hand_why')}</p>
    <div class="field"><label for="hand-to">${t('conversation.hand_to')}</label>
      <select id="hand-to" @change=${(event) => (to = event.target.value)}>
        <option value="">${t('conversation.hand_anybody')}</option>
        ${repeat(others(), (one) => one, (one) => html`<option value=${one}>${t('conversation.hand_one', { desk: numbers()[one], name: one })}</option>`)}</select></div>
    <div class="field"><label for="hand-note">${t('conversation.hand_note')}</label>
      <textarea id="hand-note" class="note-field" rows="3" maxlength=${NOTE_LIMIT} @input=${(event) => (note = event.target.value)}></textarea></div>
    <p><button type="button" class="button main" @click=${() => close({ to, note: note.trim() })}>${t('conversation.hand_offer')}</button>
      <button type="button" class="button" @click=${() => close()}>${t('common.cancel')}</button></p>`;
  let redraw;
  const asked = openDialog(title, (close, draw) => {
    redraw = draw;
    return content(close);
  });
  // Who sits down while it is open can be chosen too.
  const stop = state.watch(['numbers'], () => redraw?.());
  return asked.finally(stop);
}
