/** A supervisor reads along with whoever has a conversation: both are told, nothing is torn from the handler's hands. */

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { trying } from './actions.js';
import { ask } from '../dialog.js';
import { deskName } from '../queue/words.js';
import { t } from '../words.js';

/** `/desk#join=<id>`: the supervisor's page leads here. */
const ASKED = /^#join=([0-9a-f-]{36})$/;

/**
 * State keys: `readers` [{contact, handler, name}] of all contacts, as the live line says; `joined`, the id of the one this
 * supervisor reads along. It ends when another contact is shown, and begins again with each new line.
 */
export function addReadingAlong(desk) {
  const { state, live, open, commands, say } = desk;
  state.set('readers', []);
  state.set('joined', null);
  let told = '';
  live.on('readers', (frame) => {
    state.set('readers', frame.readers);
    const with_me = open.ours() ? readersOf(state, state.get('shown')) : [];
    const text = with_me.map((one) => t('between.reads_with_you', { who: one.name })).join('. ');
    if (text && text !== told) say(text);
    told = text;
  });

  const row = () => open.shown()?.contact;
  const isOthers = () => state.get('me').role === 'supervisor' && state.get('live').status === 'live'
    && Boolean(row()?.claimed_by) && row().claimed_by !== state.get('me').handler;
  const join = async (id) => {
    await desk.api.post(`/contacts/${id}/join`);
    state.set('joined', id);
  };
  const leave = (id) => {
    state.set('joined', null);
    return desk.api.post(`/contacts/${id}/leave`);
  };
  const add = (id, run, when) => commands.add({ id: `between.${id}`, label: `between.${id}`, area: 'conversation', when, run: trying(desk, run) });
  add('join', () => join(row().id), () => isOthers() && state.get('joined') !== row().id);
  add('leave', () => leave(row().id), () => Boolean(row()) && state.get('joined') === row().id);
  add('take_over', () => takeOver(desk, row()), isOthers);

  state.watch(['shown'], () => {
    const id = state.get('joined');
    if (id && id !== state.get('shown')) leave(id).catch(() => {}); // the line ends it as well
  });
  state.watch(['contacts'], () => {
    // Taken over, closed or let go: there is nobody to read with any more.
    if (state.get('joined') && row()?.id === state.get('joined') && (!row().claimed_by || open.ours())) leave(row().id).catch(() => {});
  });
  live.onOpen(() => {
    const id = state.get('joined');
    if (id) join(id).catch(() => state.set('joined', null));
  });
  const asked = trying(desk, async () => {
    const id = ASKED.exec(location.hash)?.[1];
    if (!id) return;
    history.replaceState(null, '', location.pathname);
    open.show(id);
    if (!open.find(id)) await join(id);
  });
  addEventListener('hashchange', asked);
  return asked;
}

/** Whoever reads along at a contact, without oneself. */
function readersOf(state, id) {
  return state.get('readers').filter((one) => one.contact === id && one.handler !== state.get('me').handler);
}

/** To the handler: who reads with them. */
export function readersLine(desk) {
  const { state, open } = desk;
  const here = readersOf(state, state.get('shown'));
  if (!open.ours() || !here.length) return nothing;
  return html`<div class="whose" data-readers>${here.map((one) => html`<span>${t('between.reads_with_you', { who: one.name })}</span> `)}</div>`;
}

/** To the supervisor who looks at a colleague's conversation: whether it is joined, and what may be done. */
export function readingLine(desk, who) {
  const { state, commands } = desk;
  if (state.get('me').role !== 'supervisor') return null;
  const joined = state.get('joined') === state.get('shown');
  return html`<div class="whose" data-joined=${joined ? 'true' : 'false'}><span>${t(joined ? 'between.you_read_with' : 'conversation.looking_other', { who })}</span>
    ${joined ? commands.button('conversation.note', 'small') : commands.button('between.join', 'main small')}
    ${commands.button('between.take_over', 'small')}
    ${joined ? commands.button('between.leave', 'small') : commands.button('conversation.leave', 'small')}</div>`;
}

async function takeOver(desk, { id, reference, claimed_by }) {
  const me = desk.state.get('me').handler;
  const who = deskName(claimed_by, { numbers: desk.state.get('numbers') }, t);
  const sure = await ask(t('between.take_over_title', { reference }), t('between.take_over_text', { who }), [{ value: true, label: t('between.take_over_now'), main: true }]);
  if (!sure) return;
  await desk.open.taking(`/contacts/${id}/move`, { to: me });
}
