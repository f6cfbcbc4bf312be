/** The call handler's desk: puts its parts together, and nothing else. */

import { mountAlarms } from './alarms/alarms.js';
import { Api } from './api.js';
import { mountBar } from './bar/bar.js';
import { Commands } from './commands.js';
import { mountConversation } from './conversation/conversation.js';
import { mountHandover } from './handover/handover.js';
import { addKeysHelp } from './keys_help.js';
import { Live } from './live.js';
import { startLock } from './lock.js';
import { OpenContacts } from './open_contacts.js';
import { addPalette, mountKeys } from './palette.js';
import { mountPlace } from './place/place.js';
import { mountQueue } from './queue/queue.js';
import { State } from './state.js';
import { setServerTime } from './times.js';
import { loadWords, t } from './words.js';

const root = document.getElementById('desk');
const spoken = document.getElementById('spoken');

/** Say something to whoever does not look: polite, never moves the focus. */
function say(text) {
  spoken.textContent = '';
  setTimeout(() => (spoken.textContent = text), 50);
}

async function start() {
  await loadWords();
  const state = new State();
  const api = new Api(root.dataset.csrf);
  const me = await api.get('/me');
  setServerTime(me.now);
  state.set('me', me);
  state.set('tick', 0);
  const live = new Live(state);
  const commands = new Commands();
  const open = new OpenContacts({ state, api, live, say });
  const desk = { state, api, live, commands, open, say, t };
  api.onRefusal = (error) => {
    if (error.status === 401) location.assign('/sign-in');
    if (error.status === 423) state.set('locked', true);
  };
  live.on('closed', (frame) => {
    if (frame.code === 4401) location.assign('/sign-in');
    if (frame.code === 4423) state.set('locked', true);
  });
  mountBar(document.getElementById('bar'), desk);
  mountQueue(document.getElementById('queue'), desk);
  mountConversation(document.getElementById('conversation'), desk);
  mountPlace(document.getElementById('place'), desk);
  mountHandover(document.getElementById('handover'), desk);
  mountAlarms(document.getElementById('alarms'), desk);
  addPalette(desk);
  addKeysHelp(desk);
  mountKeys(document.getElementById('keys'), desk);
  commands.onRefused = (reason) => {
    state.set('notice', reason);
    say(reason);
  };
  commands.listen();
  setInterval(() => state.set('tick', state.get('tick') + 1), 1_000);
  state.watch(['live'], () => document.body.classList.toggle('stale-desk', state.get('live').status !== 'live'));
  desk.lock = startLock(desk);
  live.open();
  await open.restore();
  root.dataset.ready = 'true';
}

start();
