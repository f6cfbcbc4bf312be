/** The bar on top: how much waits, whether all this is live, the time, who sits here and how they want to see it. */

import { html, nothing, render } from '/libraries/lit-html/lit-html.js';
import { inTarget } from './in_target.js';
import { signOut } from './sign_out.js';
import { keyName } from '../commands.js';
import { clock, day, lasted, now, since_s, zone } from '../times.js';
import { t } from '../words.js';

/** Where a desk keeps that it is away: over a reload, and no longer than its tab. */
export const AVAILABILITY = 'intake-availability';
const YEAR_S = 31_536_000;

/** `how.isSupervising`: the supervisor's page, which takes no contacts and makes no sounds. */
export function mountBar(root, desk, how = {}) {
  const { state, commands } = desk;
  if (!how.isSupervising) addAvailability(desk);
  commands.add({ id: 'bar.theme', key: 'Alt+n', label: 'queue.toggle_night', area: 'desk', run: () => {
    setTheme(theme() === 'night' ? 'light' : 'night');
    state.touch('me');
  } });
  commands.add({ id: 'bar.language', label: 'queue.other_language', area: 'desk', run: changeLanguage });
  commands.add({ id: 'bar.sign_out', label: 'common.sign_out', area: 'desk', run: () => signOut(desk) });

  desk.live.on('answered', (frame) => state.set('answered', frame));

  const draw = () => {
    const { counts } = state.get('queue') ?? {};
    const [is, away] = [state.get('live'), state.get('availability') === 'away'];
    const number = state.get('numbers')?.[state.get('me').handler];
    const share = inTarget(state.get('answered'));
    const waiting = counts ? Object.values(counts.claimable).reduce((sum, n) => sum + n, 0) : '–';
    render(html`
      <h1>${t('common.title')}</h1>
      <span class="figure"><strong class="number" data-waiting>${waiting}</strong> ${t('queue.waiting')}</span>
      ${counts?.oldest_queued_at ? html`<span class="figure">${t('queue.oldest')} <strong class="number">${lasted(since_s(counts.oldest_queued_at))}</strong></span>` : nothing}
      ${share ? html`<span class="figure" data-in-target title=${share.title}><strong class="number">${share.percent} %</strong> ${t('queue.of_counted', { counted: share.counted })}</span>` : nothing}
      <span class="live ${is.status}" data-live=${is.status} title=${t('queue.live_title')}>${is.status === 'live' ? t('queue.live') : t('queue.stale_since', { since: clock(is.since) })}</span>
      <span class="grow"></span>
      <span class="number when">${day()} <strong>${clock(now())}</strong> ${zone()}</span>
      <a class="who" href="/account" target="_blank" rel="noopener" title=${t('queue.account')}>${number ? html`${t('queue.desk_is', { number })} · ` : nothing}${state.get('me').display_name}</a>
      ${how.isSupervising ? nothing : html`${toggle('bar.available', t(away ? 'queue.away' : 'queue.available'), away ? 'away' : 'free')}
        ${toggle('sounds.set', t(`alarms.sound_is_${state.get('sound') ?? 'blocked'}`), state.get('sound') === 'on' ? '' : 'soft')}`}
      ${toggle('bar.theme', t(theme() === 'night' ? 'common.light' : 'common.night'))}
      ${toggle('bar.language', t('common.language'))}
      ${how.isSupervising ? html`<a class="button" href="/desk">${t('supervisor.to_the_desk')}</a><a class="button" href="/wall">${t('supervisor.wall')}</a>` : nothing}
      ${!how.isSupervising && state.get('me').role === 'supervisor' ? html`<a class="button" href="/supervisor" target="_blank" rel="noopener">${t('supervisor.title')}</a>` : nothing}
      ${toggle('bar.sign_out', t('common.sign_out'))}`, root);
  };
  const toggle = (id, label, extra = '') => {
    const command = commands.byId.get(id);
    const name = command?.key ? `${t(command.label)} (${keyName(command.key)})` : nothing;
    return html`<button type="button" class="button ${extra}" data-command=${id} title=${name} lang=${id === 'bar.language' ? other() : nothing}
      @click=${() => commands.run(id)}>${label}</button>`;
  };
  state.watch(['queue', 'live', 'tick', 'me', 'availability', 'sound', 'numbers', 'answered'], draw);
}

/** Available or away: kept over a reload, and said again each time the line is open. */
function addAvailability({ state, live, commands, say }) {
  state.set('availability', sessionStorage.getItem(AVAILABILITY) === 'away' ? 'away' : 'available');
  const tell = () => live.send({ t: 'state', state: state.get('availability') });
  live.onOpen(tell);
  // Another page of the same person may have said otherwise: this desk takes contacts.
  live.on('alarms', (frame) => {
    if (frame.desks?.none && state.get('availability') === 'available') tell();
  });
  commands.add({ id: 'bar.available', key: 'Alt+a', label: 'queue.toggle_available', area: 'desk', run: () => {
    const is = state.get('availability') === 'available' ? 'away' : 'available';
    sessionStorage.setItem(AVAILABILITY, is);
    state.set('availability', is);
    tell();
    say(t(`queue.${is}`));
  } });
}

export function theme() {
  return document.documentElement.dataset.theme === 'night' ? 'night' : 'light';
}

/** Switch the theme at once; the server draws the next page so too. */
export function setTheme(name) {
  document.documentElement.dataset.theme = name;
  keep('intake-theme', name);
}

const other = () => (document.documentElement.lang === 'cy' ? 'en' : 'cy');

/** The other language: the page comes again in it. What is open is kept by the server and by the drafts. */
export function changeLanguage() {
  keep('intake-language', other());
  location.reload();
}

function keep(name, value) {
  const secure = location.protocol === 'https:' ? '; Secure' : '';
  document.cookie = `${name}=${value}; Path=/; Max-Age=${YEAR_S}; SameSite=Lax${secure}`;
}
