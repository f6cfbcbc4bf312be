/** The idle lock: hides the desk and keeps everything in it, until the password comes, or a passkey. */

import { html, nothing, render } from '/libraries/lit-html/lit-html.js';
import { passkeysWork, provePasskey, troubleOf } from './passkeys/ceremony.js';

const CHECK_MS = 1_000;
const RETRY_MS = 5_000;
const TELL_MS = 5_000;
/** The server ends a session without requests: who only reads and moves the pointer is there, too. */
const HERE_MS = 300_000;
const DEFAULT_S = 600;
const SIGNS = ['keydown', 'pointerdown', 'pointermove', 'wheel', 'touchstart'];

/** A refusal of the unlocking to the words that say what to do. */
const WORDS = new Map([
  ['denied', 'sign_in.wrong_password'],
  ['resting', 'sign_in.unlock_wait'],
  ['no_password', 'sign_in.no_password'],
  ['no_answer', 'sign_in.unlock_offline'],
]);

class Lock {
  constructor(desk) {
    this.desk = desk;
    this.me = desk.state.get('me');
    this.idleMs = (this.me?.idle_lock_s ?? DEFAULT_S) * 1_000;
    this.lastSign = Date.now();
    this.told = 0;
    this.asked = Date.now();
    this.isLocked = false;
    /** Whether the server has locked this session, here or from another tab: before that, unlocked is not opened. */
    this.isTold = false;
    this.isBusy = false;
    this.error = '';
    this.dialog = makeDialog();
    this.tabs = new BroadcastChannel('intake-lock');
  }

  /** Watch for signs of a person, here and in this browser's other tabs of the desk. */
  listen() {
    for (const sign of SIGNS) {
      window.addEventListener(sign, () => this.sawSomebody(), { capture: true, passive: true });
    }
    this.tabs.onmessage = (event) => {
      if (event.data.handler !== this.me?.handler) return;
      if (event.data.sign === 'here') this.lastSign = Date.now();
      if (event.data.sign === 'locked') this.show();
      if (['told', 'unlocked'].includes(event.data.sign)) this.isTold = true;
      if (event.data.sign === 'unlocked') this.look();
    };
    this.dialog.addEventListener('cancel', (event) => event.preventDefault());
    this.dialog.addEventListener('close', () => this.isLocked && this.dialog.showModal());
    window.addEventListener('focus', () => this.isLocked && this.look());
    setInterval(() => {
      if (!this.isLocked && Date.now() - this.lastSign >= this.idleMs) this.lock();
    }, CHECK_MS);
    this.desk.state.watch(['locked'], () => {
      if (!this.desk.state.get('locked') || this.isLocked) return;
      this.isTold = true; // the server has said so
      this.show();
    });
    if (this.me?.locked) {
      this.wasLockedAtStart = this.isTold = true;
      this.show();
    }
  }

  sawSomebody() {
    if (this.isLocked) return;
    this.lastSign = Date.now();
    if (this.lastSign - this.told < TELL_MS) return;
    this.told = this.lastSign;
    this.tell('here');
    if (this.lastSign - this.asked < HERE_MS) return;
    this.asked = this.lastSign;
    this.desk.api.get('/me').catch(() => {});
  }

  tell(sign) {
    this.tabs.postMessage({ sign, handler: this.me?.handler });
  }

  /** Hide the desk first, then tell the server, again and again until it hears. */
  async lock() {
    this.show();
    this.tell('locked');
    await this.report();
  }

  /** A session begun anew in another tab is locked too: what looks locked must not open by a reload. */
  async report() {
    clearTimeout(this.again);
    try {
      await this.desk.api.post('/session/lock');
      this.isTold = true;
      this.tell('told');
    } catch (error) {
      const { csrf } = this.desk.api;
      if (error.code === 'csrf') await this.meet();
      else if (error.status > 0 && error.status < 500) return;
      const wait_ms = this.desk.api.csrf === csrf ? RETRY_MS : 0;
      this.again = setTimeout(() => this.isLocked && !this.isTold && this.report(), wait_ms);
    }
  }

  show() {
    if (this.isLocked) return;
    this.isLocked = true;
    this.error = '';
    this.before = /** @type {HTMLElement | null} */ (document.activeElement);
    this.scrolled = [...document.querySelectorAll('.desk *')]
      .filter((one) => one.scrollTop > 0)
      .map((one) => [one, one.scrollTop]);
    this.desk.state.set('locked', true);
    document.body.classList.add('behind-lock');
    this.draw();
    this.dialog.showModal();
    this.dialog.querySelector('input')?.focus();
  }

  hide() {
    this.isLocked = this.isTold = false;
    clearTimeout(this.again);
    this.lastSign = Date.now();
    if (this.wasLockedAtStart) {
      location.reload(); // nothing could be loaded, so nothing was typed
      return;
    }
    this.dialog.close();
    render(nothing, this.dialog);
    document.body.classList.remove('behind-lock');
    this.desk.state.set('locked', false);
    for (const [one, top] of this.scrolled ?? []) one.scrollTop = top;
    this.before?.focus?.();
  }

  /** Whether the session was unlocked, or begun anew, in another tab since it was locked. */
  async look() {
    const me = await this.meet();
    if (!me || !this.isLocked) return;
    if (me.locked) this.isTold = true;
    else if (this.isTold) this.hide();
    else await this.report();
  }

  /** This browser's session as it is now; another person's desk is loaded anew. */
  async meet() {
    const me = await this.desk.api.get('/me').catch(() => null);
    if (me && me.handler !== this.me?.handler) location.reload();
    else if (me) this.desk.api.csrf = me.csrf;
    return me?.handler === this.me?.handler ? me : null;
  }

  async unlock(password) {
    const prove = () => this.desk.api.post('/session/unlock', { password });
    await this.open(prove, 'sign_in.unlocking', (error) => WORDS.get(error.code) ?? 'sign_in.unlock_offline');
    if (!this.isLocked) return;
    const field = this.dialog.querySelector('input[type=password]');
    field.value = '';
    field.focus();
  }

  unlockByPasskey() {
    const prove = () => provePasskey(this.desk.api, '/session/unlock/passkey');
    return this.open(prove, 'sign_in.passkey_waiting', troubleOf);
  }

  /** Show the desk again once `prove` has succeeded; `said` are the key of the words until then. */
  async open(prove, said, trouble) {
    this.isBusy = true;
    this.error = '';
    this.said = said;
    this.draw();
    try {
      await prove();
      this.hide();
      this.tell('unlocked');
    } catch (error) {
      if (error.code === 'csrf') await this.look();
      this.error = trouble(error);
    }
    this.isBusy = false;
    if (this.isLocked) this.draw();
  }

  draw() {
    const { t } = this.desk;
    const name = this.me?.display_name || this.me?.handler || '';
    const submit = (event) => {
      event.preventDefault();
      if (!this.isBusy) this.unlock(event.target.elements.password.value);
    };
    render(
      html`<h2 id="lock-title">${t('sign_in.locked_title')}</h2>
        <p>${t('sign_in.locked_text', { name })}</p>
        <form @submit=${submit}>
          <input type="hidden" name="username" autocomplete="username" value=${this.me?.handler ?? ''}>
          <p class="field"><label for="lock-password">${t('sign_in.password')}</label>
            <input id="lock-password" name="password" type="password" autocomplete="current-password" maxlength="256" required></p>
          <p class=${this.error ? 'error' : ''} role="alert">${this.error ? t(this.error) : this.isBusy ? t(this.said) : ''}</p>
          <p class="ways"><button class="button main" type="submit" ?disabled=${this.isBusy}>${t('sign_in.unlock')}</button>
            ${passkeysWork(this.me?.passkeys) ? html`<button class="button" type="button" id="lock-passkey" @click=${() => this.isBusy || this.unlockByPasskey()}>${t('sign_in.passkey_unlock')}</button>` : nothing}
            ${this.error === 'sign_in.no_password' ? html`<a class="button" href="/sign-in" target="_blank" rel="noopener">${t('sign_in.title')}</a>` : nothing}</p>
        </form>
        <form method="post" action="/sign-out">
          <input type="hidden" name="csrf" value=${this.desk.api.csrf}>
          <p><button class="button" type="submit">${t('sign_in.other_person')}</button></p>
        </form>`,
      this.dialog,
    );
  }
}

function makeDialog() {
  const dialog = document.createElement('dialog');
  dialog.className = 'lock';
  dialog.setAttribute('aria-labelledby', 'lock-title');
  document.body.append(dialog);
  if (!document.querySelector('link[href="/front/sign_in.css"]')) {
    const style = document.createElement('link');
    style.rel = 'stylesheet';
    style.href = '/front/sign_in.css';
    document.head.append(style);
  }
  return dialog;
}

/**
 * Lock the desk after `me.idle_lock_s` without key or pointer, and whenever `state.locked` becomes true.
 * @param {{api: any, t: (key: string, values?: object) => string, state: any}} desk
 * @returns {{lock: () => Promise<void>}} `lock()` for a command: lock now
 */
export function startLock(desk) {
  const lock = new Lock(desk);
  lock.listen();
  return { lock: () => lock.lock() };
}
