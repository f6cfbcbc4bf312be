/** Sends replies under a name of their own, so that whatever fails may be tried again and goes once. */

import { ask } from '../dialog.js';
import { rings } from './stock_matching.js';
import { wayOf } from './way.js';
import { filled, refused } from '../told.js';
import { t } from '../words.js';

const LONGEST = 4_000;

export class ReplySending {
  /** @param {{desk: any, drafts: import('./drafts.js').Drafts, changed: () => void, taken: (id: string, text: string) => void}} how */
  constructor({ desk, drafts, changed, taken }) {
    Object.assign(this, { desk, drafts, changed, taken });
    this.errors = new Map();
    this.going = new Set();
    /** A failed line of ours to the name under which it goes again, and whether it went. */
    this.repeats = new Map();
  }

  busy(contact) {
    return this.going.has(contact);
  }

  error(contact) {
    return this.errors.get(contact) ?? '';
  }

  forgive(contact) {
    if (this.errors.delete(contact)) this.changed();
  }

  /** Send what was typed; the draft is forgotten only when the server took it. */
  async send(contact, text) {
    if (this.going.has(contact) || !(await this.maySend(contact, text))) return;
    this.going.add(contact);
    this.errors.delete(contact);
    this.changed();
    try {
      await this.desk.open.post(contact, 'replies', { text, id: this.drafts.keyFor(contact, text), ...this.to(contact) });
      this.taken(contact, text);
      this.drafts.sent(contact, text);
      this.desk.open.fetch(contact);
      this.desk.say(t('conversation.was_sent'));
    } catch (error) {
      this.errors.set(contact, this.whatToDo(error));
    } finally {
      this.going.delete(contact);
      this.changed();
    }
  }

  /** A line of ours that failed, as a new one. */
  async again(line) {
    const contact = this.desk.state.get('shown');
    const repeat = this.repeats.get(line.id) ?? { key: crypto.randomUUID(), done: false };
    if (repeat.done || this.going.has(contact) || !(await this.maySend(contact, line.text))) return;
    this.repeats.set(line.id, repeat);
    this.going.add(contact);
    try {
      await this.desk.open.change(contact, 'replies', { text: line.text, id: repeat.key, ...this.to(contact) });
      repeat.done = true;
    } catch (error) {
      this.errors.set(contact, this.whatToDo(error));
    } finally {
      this.going.delete(contact);
      this.desk.state.touch('contacts');
      this.changed();
    }
  }

  sentAgain(line) {
    return this.repeats.get(line)?.done ? line : '';
  }

  /** To whom the desk shows that it goes, as it was when the key was pressed. */
  to(contact) {
    const shown = this.desk.state.get(`contact:${contact}`);
    return shown ? { to: wayOf(shown).id } : {};
  }

  async maySend(contact, text) {
    const length = Array.from(text).length;
    if (length > LONGEST) {
      this.errors.set(contact, t('conversation.too_long', { count: length, limit: LONGEST }));
      this.changed();
      return false;
    }
    const word = rings(text);
    if (!word || !this.desk.state.get(`contact:${contact}`)?.contact.silent) return true;
    return Boolean(await ask(t('conversation.silent_warning'), t('conversation.silent_warning_why', { word }), [
      { value: true, label: t('conversation.send_anyway') },
    ]));
  }

  whatToDo(error) {
    const key = error.status === 0 || error.status >= 500 ? 'not_sent_no_answer'
      : error.code === 'stale_claim' ? 'not_sent_lost'
      : error.status === 423 ? 'not_sent_locked'
      : 'not_sent';
    return filled(`conversation.${key}`, { reason: refused(error) });
  }
}
