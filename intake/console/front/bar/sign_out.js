/** Signing out: refused while conversations are open at this desk, with what to do instead. */

import { ask } from '../dialog.js';
import { t } from '../words.js';

/** What another part of the desk may offer: the command that hands every open conversation over. */
const HAND_OVER = ['conversation.end_shift', 'handing.all', 'conversation.hand_over'];

export async function signOut(desk) {
  const { state, commands, open } = desk;
  const mine = state.get('open').filter((one) => !one.lost);
  if (mine.length) {
    const offer = HAND_OVER.find((id) => commands.byId.has(id));
    const choices = [{ value: 'show', label: t('queue.sign_out_show'), main: true }];
    if (offer) choices.push({ value: 'hand', label: t(commands.byId.get(offer).label) });
    const chosen = await ask(t('queue.sign_out_refused'), t('queue.sign_out_open', { count: mine.length, names: open.references() }), choices);
    if (chosen === 'show') open.show(mine[0].id);
    if (chosen === 'hand') {
      open.show(mine[0].id);
      commands.run(offer);
    }
    return;
  }
  const answer = await fetch('/sign-out', {
    method: 'POST', credentials: 'same-origin', body: '{}',
    headers: { 'Content-Type': 'application/json', 'X-CSRF': desk.api.csrf },
  }).catch(() => null);
  if (answer?.ok) location.assign('/sign-in');
  else {
    const said = t(answer?.status === 409 ? 'queue.sign_out_elsewhere' : 'queue.no_answer');
    state.set('notice', said);
    desk.say(said);
  }
}
