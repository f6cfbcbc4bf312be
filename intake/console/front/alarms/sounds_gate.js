// @ts-check
/** Which sound may be heard now: never two within two seconds, and what comes meanwhile becomes one. Pure. */

export const APART_MS = 2_000;
/** The gravest is heard. */
const ORDER = ['new', 'reply', 'alarm'];

export class SoundGate {
  constructor() {
    this.last = -Infinity;
    /** @type {string | null} */
    this.waiting = null;
  }

  /**
   * Ask for a sound. Returns it if it is to be heard now; else it waits, or is part of what waits already.
   * @param {string} kind @param {number} now_ms
   */
  ask(kind, now_ms) {
    if (this.waiting === null || ORDER.indexOf(kind) > ORDER.indexOf(this.waiting)) this.waiting = kind;
    return this.due(now_ms);
  }

  /** What waited and may be heard now, or null. @param {number} now_ms */
  due(now_ms) {
    if (this.waiting === null || now_ms - this.last < APART_MS) return null;
    const kind = this.waiting;
    this.waiting = null;
    this.last = now_ms;
    return kind;
  }
}
