/** WebAuthn's two ceremonies: the server asks, the device answers, the server judges. */

/** What went wrong to the words that say what to do: the server's codes and the browser's names. */
const WORDS = new Map([
  ['denied', 'sign_in.passkey_denied'],
  ['resting', 'sign_in.unlock_wait'],
  ['no_answer', 'sign_in.unlock_offline'],
  ['passkey_stale', 'sign_in.passkey_stale'],
  ['passkey_page_stale', 'sign_in.passkey_page_stale'],
  ['passkey_none', 'sign_in.passkey_none'],
  ['passkey_known', 'sign_in.passkey_known'],
  ['passkey_many', 'sign_in.passkey_many'],
  ['passkey_label', 'sign_in.passkey_label'],
  ['passkey_refused', 'sign_in.passkey_refused'],
  ['passkey_provider', 'sign_in.passkey_provider'],
  ['NotAllowedError', 'sign_in.passkey_cancelled'],
  ['InvalidStateError', 'sign_in.passkey_known'],
]);

/**
 * Whether passkeys work here: they are made for one origin, and not by every browser.
 * @param {string | undefined} origin where the server offers them; empty for nowhere
 */
export function passkeysWork(origin) {
  const known = globalThis.PublicKeyCredential;
  return Boolean(origin) && origin === location.origin && Boolean(known?.parseRequestOptionsFromJSON);
}

/** Have a device sign what the server asks under `path`, and send it there. */
export async function provePasskey(api, path) {
  const { publicKey } = await api.post(`${path}/ask`);
  const options = PublicKeyCredential.parseRequestOptionsFromJSON(publicKey);
  const credential = await navigator.credentials.get({ publicKey: options });
  return api.post(path, { credential: credential.toJSON() });
}

/**
 * Have a device make a new passkey.
 * @param {{password?: string, code?: string}} again both, where the session is not fresh
 */
export async function makePasskey(api, label, again) {
  const { publicKey } = await api.post('/account/passkeys/ask', again);
  const options = PublicKeyCredential.parseCreationOptionsFromJSON(publicKey);
  const credential = await navigator.credentials.create({ publicKey: options });
  return api.post('/account/passkeys', { label, credential: credential.toJSON() });
}

/** The key of the words for what went wrong in one of these. */
export function troubleOf(error) {
  return WORDS.get(error.code) ?? WORDS.get(error.name) ?? 'sign_in.passkey_failed';
}
