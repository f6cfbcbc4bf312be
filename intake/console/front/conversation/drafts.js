/** What is typed and not sent: kept in the browser at once and on the server soon after. Draws nothing. */

const SAVE_AFTER_MS = 500;
const RETRY_AFTER_MS = 2_000;

/**
 * A draft outlives a reload, the browser, the server and a lost claim. Of a contact's two copies the one typed last
 * counts. An emptied draft is remembered as empty until the server has forgotten its copy.
 */
export class Drafts {
  /**
   * @param {{api: {get: Function, put: Function}, handler: string, stores: Storage[], now: () => number,
   *          changed?: (contact: string) => void}} how `changed` is told when `status` may answer otherwise
   */
  constructor({ api, handler, stores, now, changed = () => {} }) {
    Object.assign(this, { api, handler, stores, now, changed });
    this.timers = new Map();
    this.saving = new Set();
    this.failed = new Set();
    this.known = new Set();
  }

  /** {text, at, dirty, key?, sending?} as it stands in this browser, or null. */
  get(contact) {
    const found = this.stores.map((store) => readRecord(store, this.name(contact))).filter(Boolean);
    return found.sort((a, b) => b.at - a.at)[0] ?? null;
  }

  text(contact) {
    return this.get(contact)?.text ?? '';
  }

  /** `kept` on the server, `saving`, `here` only in this browser; empty where there is nothing to keep. */
  status(contact) {
    const record = this.get(contact);
    if (!record?.text) return '';
    if (!record.dirty) return 'kept';
    return this.failed.has(contact) ? 'here' : 'saving';
  }

  /** Keep what is typed now. Within this call it is in the browser; the server gets it half a second after. */
  set(contact, text) {
    this.known.add(contact);
    const before = this.get(contact);
    if (!before && !text) return;
    const same = before && before.sending === text ? { key: before.key, sending: before.sending } : {};
    this.write(contact, { text, at: this.now(), dirty: true, ...same });
    this.later(contact, SAVE_AFTER_MS);
    this.changed(contact);
  }

  /** The name under which this text is sent: the same for each try, so that it cannot go twice. */
  keyFor(contact, text) {
    const record = this.get(contact) ?? { text, at: this.now(), dirty: true };
    if (record.key && record.sending === text) return record.key;
    const key = crypto.randomUUID();
    this.write(contact, { ...record, text, key, sending: text });
    return key;
  }

  /** The server took `text` as a reply: what was typed since stays. */
  sent(contact, text) {
    if ((this.get(contact)?.text ?? '') === text) this.set(contact, '');
  }

  /**
   * The contact was opened here: what the server keeps counts where this browser has nothing.
   * Returns the text to show.
   */
  meet(contact, kept) {
    // Once only: an answer that was asked for before a reply went would bring its words back.
    const first = !this.known.has(contact);
    this.known.add(contact);
    const here = this.get(contact);
    if (here) {
      if (here.dirty) this.later(contact, 0);
      return here.text;
    }
    if (!kept || !first) return '';
    this.write(contact, { text: kept, at: this.now(), dirty: false });
    return kept;
  }

  /** Whatever the server has not got yet is tried again: the line is back. */
  saveAll() {
    for (const contact of this.dirty()) this.later(contact, 0);
  }

  /** Ids of contacts whose draft the server does not have as it is. */
  dirty() {
    const names = new Set(this.stores.flatMap((store) => Array.from({ length: store.length }, (_, n) => store.key(n))));
    const own = this.name('');
    return [...names].filter((name) => name?.startsWith(own)).map((name) => name.slice(own.length))
      .filter((contact) => this.get(contact)?.dirty);
  }

  later(contact, after_ms) {
    clearTimeout(this.timers.get(contact));
    this.timers.set(contact, setTimeout(() => this.save(contact), after_ms));
  }

  async save(contact) {
    const record = this.get(contact);
    if (!record?.dirty) return;
    if (this.saving.has(contact)) return this.later(contact, SAVE_AFTER_MS);
    this.saving.add(contact);
    try {
      await this.api.put(`/contacts/${contact}/drafts`, { text: record.text });
      this.failed.delete(contact);
      const since = this.get(contact);
      if (since?.text !== record.text) this.later(contact, SAVE_AFTER_MS);
      else if (!record.text) this.forget(contact);
      else this.write(contact, { ...since, dirty: false });
    } catch (error) {
      this.failed.add(contact);
      // What is refused for good stays here; no answer, a lock or a busy server is tried again.
      if (error.status === 404 && !record.text) this.forget(contact);
      else if (!(error.status >= 400 && error.status < 500) || error.status === 423) this.later(contact, RETRY_AFTER_MS);
    } finally {
      this.saving.delete(contact);
      this.changed(contact);
    }
  }

  name(contact) {
    return `intake.draft:${this.handler}:${contact}`;
  }

  write(contact, record) {
    for (const store of this.stores) {
      try {
        store.setItem(this.name(contact), JSON.stringify(record));
      } catch {
        // A full store: the other one, and the server, still keep it.
      }
    }
  }

  forget(contact) {
    for (const store of this.stores) store.removeItem(this.name(contact));
  }
}

function readRecord(store, name) {
  try {
    const record = JSON.parse(store.getItem(name) ?? 'null');
    return typeof record?.text === 'string' ? record : null;
  } catch {
    return null;
  }
}
