/** One line of alarms: the most urgent first, each with what to do and its key. It is always there, so that nothing moves when one comes. */

import { html, nothing, render } from '/libraries/lit-html/lit-html.js';
import { keyName } from '../commands.js';
import { mountSounds } from './sounds.js';
import { AlarmBook, alarmsOf, dueOf } from './timers.js';
import { clock, lasted, now } from '../times.js';
import { t } from '../words.js';

const KEPT = 'intake-alarms';
const TAKE_KEY = 'Alt+t';

/**
 * State keys it sets: `alarms` (the server's frame), `due` (contact id → timers.dueOf), `suggestions`
 * [{kind: 'nudge', contact, since}]. The strip's figures tick outside the live region; a person who does not
 * look is told once, when an alarm is raised.
 */
export function mountAlarms(root, desk) {
  const { state, live, commands, open } = desk;
  const sounds = mountSounds(desk);
  const book = new AlarmBook();
  let restored = false;
  state.set('due', new Map());
  state.set('suggestions', []);
  live.on('alarms', (frame) => state.set('alarms', frame));
  const acknowledge = () => {
    const alarm = book.acknowledge();
    if (!alarm) return;
    sessionStorage.setItem(KEPT, JSON.stringify([...book.known]));
    desk.say(t('alarms.acknowledged', { alarm: words(alarm) }));
    draw();
  };
  commands.add({
    id: 'alarms.acknowledge', key: 'F4', label: 'alarms.acknowledge', area: 'alarms', run: acknowledge,
    when: () => book.standing().length > 0, why: () => t('alarms.none'),
  });
  commands.add({ id: 'live.retry', key: 'F6', label: 'alarms.retry', area: 'alarms', run: () => live.retry(), when: () => state.get('live').status !== 'live', why: () => t('alarms.is_live') });

  const isAway = () => state.get('availability') === 'away';
  const telephone = (alarm) => alarm.telephone || t('alarms.no_telephone');
  // Shown first, that its room can be rung whatever becomes of the taking: a fourth is refused.
  const takeUnaccepted = async () => {
    const { contact } = state.get('alarms').unaccepted;
    open.show(contact);
    await open.fetch(contact);
    if (state.get('shown') === contact && commands.can('conversation.take')) await commands.run('conversation.take');
  };
  commands.add({
    id: 'alarms.take_unaccepted', key: TAKE_KEY, label: 'alarms.take_unaccepted', area: 'alarms', run: takeUnaccepted,
    when: () => Boolean(state.get('alarms')?.unaccepted) && state.get('live').status === 'live', why: () => t('alarms.none_unaccepted'),
  });

  const words = (alarm) => t(`alarms.${alarm.kind}${alarm.count > 1 && alarm.kind !== 'nobody' ? '_more' : ''}`, {
    count: alarm.count, reference: alarm.reference ?? reference(alarm.contacts[0]), room: alarm.room ?? '', since: clock(alarm.since),
  });
  const reference = (id) => state.get(`contact:${id}`)?.contact.reference ?? '';

  const look = () => {
    const now_ms = now();
    const mine = state.get('open').filter((one) => !one.lost).map((one) => ({ id: one.id, due: dueOf(state.get(`contact:${one.id}`), now_ms) }));
    const frame = state.get('alarms');
    if (frame && !restored) {
      // What was acknowledged before a reload counts once the server has said how things stand.
      book.known = new Map([...kept(), ...book.known]);
      restored = true;
    }
    const raised = book.update(alarmsOf({ now_ms, live: state.get('live'), ...frame, nobody: frame?.desks?.none === true, away: isAway(), open: mine }), now_ms);
    const dues = new Map(mine.map((one) => [one.id, one.due]));
    if (signature(dues) !== signature(state.get('due'))) state.set('due', dues);
    const nudges = mine.filter(({ due }) => due.nudgeSince !== null).map(({ id, due }) => ({ kind: 'nudge', contact: id, since: due.nudgeSince }));
    if (nudges.map((one) => one.contact).join() !== state.get('suggestions').map((one) => one.contact).join()) state.set('suggestions', nudges);
    if (raised.length) {
      sounds.ask('alarm');
      shout(raised.map((alarm) => `${words(alarm)}. ${action(alarm).label}`).join('. '));
    }
    draw();
  };

  /** What to do about it: a label that names its key, and the doing. */
  const action = (alarm) => {
    if (alarm.kind === 'unanswered') return { label: `${t('alarms.take_now')} (F2)`, run: () => commands.run('queue.take_next') };
    if (alarm.kind === 'unaccepted') return { label: `${t('alarms.take_and_call', { telephone: telephone(alarm) })} (${keyName(TAKE_KEY)})`, run: () => commands.run('alarms.take_unaccepted') };
    if (alarm.kind === 'not_live') return { label: `${t('alarms.retry')} (F6)`, run: () => commands.run('live.retry') };
    if (alarm.kind === 'nobody') return { label: `${t('alarms.be_available')} (${keyName('Alt+a')})`, run: () => commands.run('bar.available') };
    const place = state.get('open').findIndex((one) => one.id === alarm.contacts[0]);
    const label = alarm.kind === 'room' ? t('alarms.call', { telephone: telephone(alarm) }) : t('alarms.answer');
    return { label: place >= 0 && place < 9 ? `${label} (${keyName(`Alt+${place + 1}`)})` : label, run: () => open.show(alarm.contacts[0]) };
  };

  const draw = () => {
    const [first, ...more] = book.standing();
    const seen = book.acknowledged();
    const hint = state.get('suggestions')[0];
    root.classList.toggle('raised', Boolean(first));
    render(html`${first
      ? html`<span class="alarm" data-alarm=${first.kind} data-level=${first.level}><span aria-hidden="true">▲</span> <b>${words(first)}</b> ${timed(first)}
          <button type="button" class="button do" @click=${() => action(first).run()}>${action(first).label}</button></span>
        <span class="also">${more.map((alarm) => html`<span data-alarm=${alarm.kind}>${words(alarm)} ${timed(alarm)}</span>`)}</span>`
      : html`<span class="calm">${hint
          ? html`${t('alarms.nudge', { reference: reference(hint.contact), since: lasted((now() - hint.since) / 1000) })}
            <button type="button" class="button" @click=${() => open.show(hint.contact)}>${t('alarms.nudge_do')}</button>`
          : seen.length ? nothing : t('alarms.none')}</span>`}
      ${seen.length ? html`<span class="seen">${t('alarms.seen')} ${seen.map((alarm) => html`<span data-seen=${alarm.kind}>${words(alarm)} ${timed(alarm)}</span>`)}</span>` : nothing}
      ${first ? commands.button('alarms.acknowledge', 'ack') : nothing}`, strip);
  };
  const timed = (alarm) => (['nobody', 'not_live'].includes(alarm.kind) ? nothing : html`<span class="number">${lasted((now() - alarm.since) / 1000)}</span>`);

  // The strip a person sees, and the words that are said once: two places, so that the digits are not read out each second.
  const strip = document.createElement('div');
  strip.className = 'strip';
  const aloud = document.createElement('div');
  aloud.className = 'spoken';
  aloud.setAttribute('role', 'alert');
  root.append(strip, aloud);
  const shout = (text) => {
    aloud.textContent = text;
  };
  state.watch(['tick', 'live', 'alarms', 'contacts', 'open', 'suggestions'], look);
}

function signature(dues) {
  return JSON.stringify([...(dues ?? [])]);
}

function kept() {
  try {
    return new Map(JSON.parse(sessionStorage.getItem(KEPT) ?? '[]'));
  } catch {
    return new Map();
  }
}
