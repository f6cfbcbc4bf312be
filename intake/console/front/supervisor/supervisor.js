/** The supervisor's page: desks, debts, what nobody has answered, channels and links; move, raise, cap, automatic reply. */

import { Api } from '../api.js';
import { mountBar } from '../bar/bar.js';
import { Commands } from '../commands.js';
import { Live } from '../live.js';
import { addPalette } from '../palette.js';
import { State } from '../state.js';
import { Acts } from './acts.js';
import { mountDesks, mountUnanswered } from './people.js';
import { mountAttention, mountChannels, mountLinks, mountRule } from './system.js';
import { setServerTime } from '../times.js';
import { loadWords, t } from '../words.js';

const ASK_EVERY_MS = 5_000;
const root = document.getElementById('supervisor');
const spoken = document.getElementById('spoken');

function say(text) {
  spoken.textContent = '';
  setTimeout(() => (spoken.textContent = text), 50);
}

async function start() {
  await loadWords();
  const state = new State();
  const api = new Api(root.dataset.csrf);
  api.onRefusal = (error) => {
    if (error.status === 401) location.assign('/sign-in');
    if (error.status === 423) location.assign('/locked');
  };
  const me = await api.get('/me');
  setServerTime(me.now);
  for (const [key, value] of Object.entries({ me, tick: 0, open: [], queue: {}, desks: [], people: [], whole: null, alarms: null, rows: [] })) state.set(key, value);
  const live = new Live(state);
  const commands = new Commands();
  const desk = { state, api, live, commands, say, t };
  desk.acts = new Acts(desk);

  const rows = new Map();
  live.onOpen(() => {
    live.send({ t: 'view', filter: {}, first: 0, size: 100 });
    live.send({ t: 'desks', on: true });
    // Whoever overlooks takes nothing: this page must not stand for a free desk.
    live.send({ t: 'state', state: 'away' });
  });
  const take = (frame) => {
    if (frame.t === 'window') rows.clear();
    for (const row of frame.rows ?? []) rows.set(row.id, row);
    if (frame.order) state.set('order', frame.order);
    if (frame.counts) state.set('queue', { counts: frame.counts });
    state.set('rows', (state.get('order') ?? []).map((id) => rows.get(id)).filter(Boolean));
  };
  live.on('window', take);
  live.on('delta', take);
  live.on('desks', (frame) => state.set('desks', frame.rows));
  live.on('alarms', (frame) => state.set('alarms', frame));
  live.on('numbers', (frame) => state.set('numbers', frame.desks));
  live.on('closed', (frame) => {
    if (frame.code === 4401) location.assign('/sign-in');
    if (frame.code === 4423) location.assign('/locked');
  });

  mountBar(document.getElementById('bar'), desk, { isSupervising: true });
  const mounts = { attention: mountAttention, unanswered: mountUnanswered, desks: mountDesks, rule: mountRule, channels: mountChannels, links: mountLinks };
  for (const [id, mount] of Object.entries(mounts)) mount(document.getElementById(id), desk);
  addPalette(desk);
  commands.listen();
  state.watch(['live'], () => document.body.classList.toggle('stale-desk', state.get('live').status !== 'live'));
  setInterval(() => state.set('tick', state.get('tick') + 1), 1_000);
  setInterval(() => desk.acts.refresh(), ASK_EVERY_MS);
  live.open();
  await desk.acts.refresh();
  root.dataset.ready = 'true';
}

start();
