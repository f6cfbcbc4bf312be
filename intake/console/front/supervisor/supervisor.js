/** The supervisor's page: desks, debts, what nobody has answered, channels and links; move, raise, cap, automatic reply. */

import { mountBar } from '../bar/bar.js';
import { begin, makePage } from '../page.js';
import { addPalette } from '../palette.js';
import { Acts } from './acts.js';
import { mountDesks, mountUnanswered } from './people.js';
import { mountAttention, mountChannels, mountLinks, mountRule } from './system.js';

const ASK_EVERY_MS = 5_000;

async function start() {
  const page = await makePage('supervisor');
  for (const [key, value] of Object.entries({ open: [], queue: {}, desks: [], people: [], whole: null, alarms: null, rows: [] })) page.state.set(key, value);
  page.acts = new Acts(page);
  follow(page);
  mountBar(document.getElementById('bar'), page, { isSupervising: true });
  const mounts = { attention: mountAttention, unanswered: mountUnanswered, desks: mountDesks, rule: mountRule, channels: mountChannels, links: mountLinks };
  for (const [id, mount] of Object.entries(mounts)) mount(document.getElementById(id), page);
  addPalette(page);
  begin(page);
  setInterval(() => page.acts.refresh(), ASK_EVERY_MS);
  await page.acts.refresh();
  page.root.dataset.ready = 'true';
}

/** What the live line brings becomes the page's state: the head of the queue, every desk, alarms. */
function follow({ state, live }) {
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
}

start();
