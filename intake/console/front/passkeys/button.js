/** The button that signs in, or unlocks, by passkey; not shown where this browser cannot. */

import { Api } from '../api.js';
import { loadWords, t } from '../words.js';
import { passkeysWork, provePasskey, troubleOf } from './ceremony.js';

const place = document.querySelector('[data-passkeys]');
const said = place.querySelector('.said');
const api = new Api(document.querySelector('input[name=csrf]')?.value ?? '');
let isBusy = false;

function say(key, isError) {
  said.textContent = key ? t(key) : '';
  said.classList.toggle('error', isError);
}

async function prove() {
  if (isBusy) return;
  isBusy = true;
  say('sign_in.passkey_waiting', false);
  try {
    await provePasskey(api, place.dataset.path);
    location.assign('/');
  } catch (error) {
    say(troubleOf(error), true);
    isBusy = false;
  }
}

if (passkeysWork(place.dataset.passkeys)) {
  await loadWords();
  place.querySelector('button').addEventListener('click', prove);
  place.hidden = false;
}
