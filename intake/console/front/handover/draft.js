/** What a handler has ticked, chosen and written for a hand-over: kept in this browser until it is sent or closed. */

import { empty } from './methane_model.js';

const PREFIX = 'intake.handover:';

/** @typedef {{ticked: Record<string, boolean>, rooms: Record<string, {id: string, name: string, telephone: string}>,
 *             methane: import('./methane_model.js').Draft, begun: boolean, seen: boolean}} Draft */

/** @returns {Draft} */
export function emptyDraft() {
  return { ticked: {}, rooms: {}, methane: empty(), begun: false, seen: false };
}

export class HandoverDrafts {
  /** @param {Storage} store @param {string} handler */
  constructor(store, handler) {
    this.store = store;
    this.handler = handler;
    this.known = new Map();
  }

  /** @returns {Draft} */
  get(contact) {
    if (!this.known.has(contact)) this.known.set(contact, this.read(contact));
    return this.known.get(contact);
  }

  /** @param {Partial<Draft>} changes */
  set(contact, changes) {
    const draft = { ...this.get(contact), ...changes };
    this.known.set(contact, draft);
    try {
      this.store.setItem(this.name(contact), JSON.stringify(draft));
    } catch {
      // A full store: it is still here until the page goes.
    }
    return draft;
  }

  forget(contact) {
    this.known.delete(contact);
    this.store.removeItem(this.name(contact));
  }

  name(contact) {
    return `${PREFIX}${this.handler}:${contact}`;
  }

  read(contact) {
    try {
      const found = JSON.parse(this.store.getItem(this.name(contact)) ?? 'null');
      return found && typeof found === 'object' ? { ...emptyDraft(), ...found } : emptyDraft();
    } catch {
      return emptyDraft();
    }
  }
}
