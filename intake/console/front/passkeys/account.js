/** Adding a passkey to one's own account. */

import { Api } from '../api.js';
import { loadWords, t } from '../words.js';
import { makePasskey, passkeysWork, troubleOf } from './ceremony.js';

const form = /** @type {HTMLFormElement} */ (document.querySelector('#new-passkey'));
const again = form.querySelector('fieldset');
const said = form.querySelector('.said');
const fields = form.elements;
let isBusy = false;

function say(key, isError) {
  said.textContent = key ? t(key) : '';
  said.classList.toggle('error', isError);
}

/** The session has grown old meanwhile: the page asks for password and code, too. */
function askAgain() {
  again.hidden = again.disabled = false;
  say('', false);
  fields.password.focus();
}

async function add(event) {
  event.preventDefault();
  if (isBusy) return;
  isBusy = true;
  say('sign_in.passkey_waiting', false);
  try {
    const both = again.disabled ? {} : { password: fields.password.value, code: fields.code.value };
    await makePasskey(new Api(fields.csrf.value), fields.label.value, both);
    location.assign('/account?done=passkey#passkeys');
  } catch (error) {
    isBusy = false;
    if (error.code === 'passkey_not_fresh') askAgain();
    else say(error.code === 'denied' ? 'sign_in.passkey_not_you' : troubleOf(error), true);
    if (!again.disabled) fields.code.value = ''; // each works once
  }
}

if (passkeysWork(form.dataset.passkeys)) {
  await loadWords();
  form.addEventListener('submit', add);
  form.hidden = false;
}
