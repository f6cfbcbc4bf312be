/** Taking a contact, and every reason why not. Nothing here moves a contact by itself. */

import { ApiError } from '../api.js';
import { deskName } from './words.js';
import { clock } from '../times.js';
import { refused } from '../told.js';
import { t } from '../words.js';

const NOTICE_MS = 12_000;

/** Adds the commands `queue.take_next` (F2), `queue.take_chosen` and `queue.look`. */
export function addTaking(desk, list) {
  const { state, api, commands, open } = desk;
  let busy = false;
  let fading = 0;
  const isLive = () => state.get('live').status === 'live';
  const stale = () => t('queue.refused_stale', { since: clock(state.get('live').since) });

  /** Say it in the panel and aloud; it fades, unless something newer stands there. */
  const notice = (text) => {
    clearTimeout(fading);
    state.set('notice', text);
    if (!text) return;
    desk.say(text);
    fading = setTimeout(() => state.set('notice', ''), NOTICE_MS);
  };
  const taking = async (take) => {
    // A second press while the first is on its way must not take a second contact.
    if (busy) return undefined;
    busy = true;
    notice('');
    try {
      return await take();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      notice(await reason(error));
      return undefined;
    } finally {
      busy = false;
    }
  };
  const reason = async (error) => {
    if (error.status === 0) return t('queue.no_answer');
    // A supervisor may have set another cap since this page began.
    if (error.code === 'refused') await api.get('/me').then(({ open_limit }) => state.set('me', { ...state.get('me'), open_limit }), () => {});
    const mine = state.get('open').filter((one) => !one.lost);
    if (error.code === 'refused' && mine.length >= state.get('me').open_limit) {
      return t('queue.refused_cap', { count: mine.length, names: open.references() });
    }
    return refused(error);
  };
  const told = ({ id, reference }) => {
    if (state.get('shown') === id) return desk.say(t('queue.took', { reference }));
    return notice(t('queue.took_beside', { reference, key: state.get('open').findIndex((one) => one.id === id) + 1 }));
  };
  const takeNext = async () => {
    const taken = await taking(() => open.takeNext());
    if (taken === null) notice(t('queue.nothing'));
    else if (taken) told(taken);
  };
  const takeChosen = async () => {
    const row = list.row();
    if (!row) return notice(t('queue.chosen_gone'));
    if (row.claimed_by === state.get('me').handler) return open.show(row.id);
    if (row.claimed_by) return notice(t('queue.has_it', { reference: row.reference, desk: deskName(row.claimed_by, { numbers: state.get('numbers') }, t) }));
    const taken = await taking(() => open.take(row.id));
    if (taken) told(taken);
    return undefined;
  };
  const chosen = () => list.active !== '';
  const why = () => (isLive() ? t('queue.choose_first') : stale());
  commands.add({ id: 'queue.take_next', key: 'F2', label: 'queue.take_next', area: 'queue', run: takeNext, when: isLive, why: stale });
  commands.add({ id: 'queue.take_chosen', label: 'queue.take_chosen', area: 'queue', run: takeChosen, when: () => isLive() && chosen(), why });
  commands.add({
    id: 'queue.look', label: 'queue.look', area: 'queue', when: chosen, why: () => t('queue.choose_first'),
    run: () => open.show(list.active),
  });
  commands.add({ id: 'queue.focus', key: 'Alt+q', label: 'queue.focus', area: 'queue', run: () => list.element?.focus() });
}
