/** The wallboard: figures that are read across a room, no word of any caller, and plainly not live when it is not. */

import { html, nothing, render } from '/libraries/lit-html/lit-html.js';
import { inTarget } from '../bar/in_target.js';
import { clock, day, lasted, now, setServerTime, zone } from '../times.js';
import { loadWords, t } from '../words.js';

const ASK_EVERY_MS = 2_000;
const STALE_AFTER_MS = 6_000;

const root = document.getElementById('wall');
let said = null;
let heard = -Infinity;
let heardAt = null;

/** Ask for the figures; what does not come is told by its age. */
async function ask() {
  try {
    const answer = await fetch('/api/v1/wall', { credentials: 'same-origin', signal: AbortSignal.timeout(ASK_EVERY_MS) });
    if (answer.status === 401) location.assign('/sign-in');
    if (!answer.ok) return;
    said = await answer.json();
    setServerTime(said.now);
    heard = performance.now();
    heardAt = said.now;
  } catch {
    // no answer: the figures grow old, and that is shown
  }
}

function draw() {
  const isLive = performance.now() - heard < STALE_AFTER_MS;
  document.body.classList.toggle('wall-stale', !isLive);
  const waiting = said ? Object.values(said.claimable).reduce((sum, n) => sum + n, 0) : null;
  // Between two answers only the clock goes on; a picture that stands still does not count up.
  const aged = said && isLive && waiting ? (now() - Date.parse(heardAt)) / 1000 : 0;
  const figure = (name, value, extra = '', label = t(`supervisor.${name}`)) => html`<div class="figure ${extra}" data-figure=${name}><dt>${label}</dt><dd class="number">${value ?? '–'}</dd></div>`;
  const share = inTarget(said?.answered);
  const late = said?.waiting_longer?.['60'] ?? 0;
  render(html`<h1 class="spoken">${t('supervisor.wall')}</h1>
    <p class="state ${isLive ? '' : 'stale'}" data-live=${isLive ? 'live' : 'stale'}>${isLive ? t('queue.live') : heardAt ? t('queue.stale_since', { since: clock(heardAt) }) : t('supervisor.wall_none')}
      <span class="number">${day()} ${clock(now())} ${zone()}</span></p>
    ${said?.present.none ? html`<p class="nobody" role="alert">${t('alarms.nobody')}</p>` : nothing}
    <dl>
      ${figure('wall_waiting', waiting, 'big')}
      ${figure('wall_oldest', said ? (waiting ? lasted(said.oldest_wait_s + aged) : '–') : null, `big ${late ? 'late' : ''}`)}
      ${figure('wall_p1', said ? (said.claimable['1'] ?? 0) : null, said?.claimable['1'] ? 'p1' : '')}
      ${figure('wall_p2', said ? (said.claimable['2'] ?? 0) : null)}
      ${figure('wall_p3', said ? (said.claimable['3'] ?? 0) : null)}
      ${figure('wall_late', said ? late : null, late ? 'late' : '')}
      ${figure('wall_desks', said ? `${said.present.available} / ${said.present.live}` : null, 'wide')}
      ${figure('wall_in_target', share ? `${share.percent} %` : null, 'wide', share ? t('supervisor.wall_in_target', { within: said.answered.within_s, counted: share.counted }) : t('supervisor.wall_in_target_none'))}
      ${figure('wall_held', said?.held_transfers)}
    </dl>`, root);
}

async function start() {
  await loadWords();
  await ask();
  draw();
  setInterval(ask, ASK_EVERY_MS);
  setInterval(draw, 500);
}

start();
