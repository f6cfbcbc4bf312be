/** How a page of signed-in people begins: words, session, live line, lock, keys, and what a stale line looks like. */

import { nothing, render } from '/libraries/lit-html/lit-html.js';
import { Api } from './api.js';
import { Commands } from './commands.js';
import { Live } from './live.js';
import { startLock } from './lock.js';
import { State } from './state.js';
import { setServerTime } from './times.js';
import { loadWords, t } from './words.js';

const AGAIN_MS = 1_000;
const SIGN_IN = '/sign-in';

/**
 * What every part of the page is given: {root, state, api, live, commands, say, t, lock}. State keys: `me`, `tick` (each
 * second), `live`, `locked`, `notice` (why a key did nothing). Call `begin()` once the parts are mounted: only then the
 * line is opened, so that no frame finds nobody.
 * @param {string} id of the page's element, which carries its session's `data-csrf`
 */
export async function makePage(id) {
  const root = document.getElementById(id);
  await loadWords();
  const state = new State();
  const api = new Api(root.dataset.csrf);
  api.onRefusal = (error) => {
    if (error.status === 401) location.assign(SIGN_IN);
    if (error.status === 423) state.set('locked', true);
  };
  const me = await whoSitsHere(api);
  setServerTime(me.now);
  state.set('me', me);
  state.set('tick', 0);
  const live = new Live(state);
  live.on('closed', (frame) => {
    if (frame.code === 4401) location.assign(SIGN_IN);
    if (frame.code === 4423) state.set('locked', true);
  });
  const commands = new Commands();
  commands.onRefused = (reason) => {
    state.set('notice', reason);
    say(reason);
  };
  return { root, state, api, live, commands, say, t };
}

/** The page works from here on: its keys, its clock, its lock and the line to the server. */
export function begin(page) {
  const { state, live, commands } = page;
  commands.listen();
  setInterval(() => state.set('tick', state.get('tick') + 1), 1_000);
  state.watch(['live'], () => document.body.classList.toggle('stale-desk', state.get('live').status !== 'live'));
  page.lock = startLock(page);
  live.open();
}

/** Say something, a text or a template, to whoever does not look: polite, never moves the focus. */
function say(text) {
  const spoken = document.getElementById('spoken');
  render(nothing, spoken);
  setTimeout(() => render(text, spoken), 50);
}

/** A server that does not answer just now is asked again; who is signed out is on the way to the sign-in page. */
async function whoSitsHere(api) {
  for (;;) {
    try {
      return await api.get('/me');
    } catch (error) {
      if (error.status > 0 && error.status < 500 && error.status !== 401) throw error;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}
