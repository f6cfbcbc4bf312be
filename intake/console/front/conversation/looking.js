/**
 * What of the callers' pictures and sounds this desk has fetched, and how clearly each is shown. Fetched when asked for,
 * from our own server alone; blurred until a second press; forgotten, bytes and all, when the contact is left.
 */

import { t } from '../words.js';
import { word } from '../visible_text_view.js';

/**
 * @typedef {{stage: 'fetching' | 'here' | 'failed', clear: boolean, url?: string, facts?: any, trouble?: string, unplayable?: boolean}} Look
 *   `facts` are the server's: sort (picture, sound, video or file), name to save under, width, height, moves, latitude, longitude
 */

const VEILED = ['picture', 'video'];

export class Looking {
  /** @param {any} desk @param {() => void} redraw */
  constructor(desk, redraw) {
    this.desk = desk;
    this.redraw = redraw;
    /** @type {Map<string, Look>} */
    this.looks = new Map();
    this.leaving = new AbortController();
  }

  /** @param {string} message @param {number} number counted from 1 @returns {Look | undefined} */
  of(message, number) {
    return this.looks.get(`${message}/${number}`);
  }

  /** The one button of an attachment: fetch it, show it clearly, hide it, save it, or try again. */
  press(contact, message, number) {
    const look = this.of(message, number);
    if (look?.stage === 'fetching') return;
    if (look?.stage !== 'here') this.fetch(contact, message, number);
    else if (look.facts.sort === 'file' || look.unplayable) save(look);
    else this.change(look, { clear: !look.clear });
  }

  /** The browser has no decoder for it: it can still be saved. */
  cannotPlay(look) {
    if (!look.unplayable) this.change(look, { unplayable: true });
  }

  /** Nothing is clear any more: the desk was locked. */
  veil() {
    for (const look of this.looks.values()) look.clear = false;
    this.redraw();
    hush();
    closeLarger();
  }

  /** The contact is left: no byte stays, and what is on its way is not waited for. */
  forget() {
    this.leaving.abort();
    this.leaving = new AbortController();
    for (const look of this.looks.values()) if (look.url) URL.revokeObjectURL(look.url);
    this.looks.clear();
    closeLarger();
  }

  async fetch(contact, message, number) {
    /** @type {Look} */
    const look = { stage: 'fetching', clear: false };
    const { signal } = this.leaving;
    this.looks.set(`${message}/${number}`, look);
    this.redraw();
    try {
      const { blob, facts } = await this.desk.api.file(`/contacts/${contact}/messages/${message}/attachments/${number}`, signal);
      if (signal.aborted) return;
      const veiled = VEILED.includes(facts.sort);
      this.change(look, { stage: 'here', facts, url: URL.createObjectURL(blob), clear: !veiled });
      this.desk.say(t(veiled ? 'attachments.came_blurred' : 'attachments.came'));
    } catch (error) {
      if (signal.aborted) return;
      this.change(look, { stage: 'failed', trouble: word(`attachments.trouble_${error.code}`, t('attachments.trouble_other')) });
      this.desk.say(look.trouble);
    }
  }

  change(look, what) {
    Object.assign(look, what);
    this.redraw();
    hush();
  }
}

function closeLarger() {
  /** @type {HTMLDialogElement | null} */ (document.querySelector('dialog[open]:has(.larger)'))?.close();
}

/** A film that is hidden does not go on. */
function hush() {
  for (const film of document.querySelectorAll('.veiled > video')) /** @type {HTMLVideoElement} */ (film).pause();
}

function save(look) {
  const link = document.createElement('a');
  link.href = look.url;
  link.download = look.facts.name;
  link.click();
}
