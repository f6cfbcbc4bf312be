/** What a handler may do with the shown contact: each a command, drawn as a button that names its key. */

import { html, nothing, render } from '/libraries/lit-html/lit-html.js';
import { addTheseNotes } from './notes.js';
import { addMerging } from './merging.js';
import { addUnreachable } from './unreachable.js';
import { askClose, askHold, askLocation, askPriority } from './dialogs.js';
import { ask } from '../dialog.js';
import { refused } from '../told.js';
import { t } from '../words.js';

const ROW = ['conversation.location', 'conversation.silent', 'conversation.note', 'conversation.hold', 'conversation.unreachable', 'conversation.hand_over', 'conversation.merge', 'conversation.close', 'conversation.release'];
const REOPENED = ['closed', 'sending', 'delivered', 'accepted'];

export function addActions(desk, reply) {
  const { commands, open, state } = desk;
  const mine = () => Boolean(open.ours()) && state.get('live').status === 'live';
  const ours = () => open.shown()?.contact;
  const add = (id, run, extra = {}) => commands.add({ id, label: id.replace('conversation.location', 'conversation.ask_location'), area: 'conversation', when: mine, run: trying(desk, run), ...extra });

  add('conversation.location', () => askLocation(desk, reply), { key: 'F9' });
  add('conversation.priority', () => askPriority(desk, ours()));
  add('conversation.silent', () => setSilent(desk, ours()));
  add('conversation.hold', () => askHold(desk, ours()));
  addUnreachable(desk, add, mine);
  add('conversation.close', () => askClose(desk, ours()));
  add('conversation.release', async () => {
    const { id } = ours();
    await open.change(id, 'release');
    open.gone(id);
  });
  add('conversation.take', () => takeShown(desk), { when: () => canTake(desk) });
  add('conversation.put_away', () => open.gone(state.get('shown')), { when: () => Boolean(open.find(state.get('shown'))?.lost) });
  add('conversation.leave', () => open.show(state.get('open').at(-1)?.id ?? null), { when: () => Boolean(state.get('shown')) && !open.find(state.get('shown')) });
  addTheseNotes(desk, add);
  addMerging(desk, add);
}

/** A refusal is shown as the server gave it; nothing typed is touched. */
export function trying(desk, run) {
  return async (argument) => {
    try {
      return await run(argument);
    } catch (error) {
      if (error.status === undefined) throw error;
      const why = error.status === 0 ? t('conversation.no_answer') : refused(error);
      desk.say(why);
      await ask(t('conversation.not_done'), why, []);
    }
  };
}

function canTake(desk) {
  const { open, state } = desk;
  const row = open.shown()?.contact;
  if (!row || state.get('live').status !== 'live' || open.ours() || row.state === 'merged') return false;
  const free = !row.claimed_by || row.claimed_by === state.get('me').handler;
  return free && state.get('open').filter((one) => !one.lost && one.id !== row.id).length < state.get('me').open_limit;
}

async function takeShown(desk) {
  const row = desk.open.shown().contact;
  if (!REOPENED.includes(row.state)) return desk.open.take(row.id);
  return desk.open.taking(`/contacts/${row.id}/reopen`);
}

async function setSilent(desk, row) {
  if (row.silent && !(await ask(t('conversation.silent_off'), t('conversation.silent_off_why'), [{ value: true, label: t('conversation.silent_off') }]))) return;
  await desk.open.change(row.id, 'silent', { silent: !row.silent });
}

export function drawActions(root, desk, contact) {
  const { commands, open } = desk;
  if (!contact || !open.ours()) return render(nothing, root);
  const label = (id) => (id === 'conversation.silent' && contact.contact.silent ? t('conversation.silent_off') : undefined);
  render(html`<div class="actions" role="toolbar" aria-label=${t('conversation.actions')}>${ROW.map((id) => commands.button(id, 'small', undefined, label(id)))}</div>`, root);
}
