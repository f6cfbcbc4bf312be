/** The conversations that are open at this desk: taken, kept, shown, let go. At most as many as the cap says. */

import { ApiError } from './api.js';
import { refused } from './told.js';

const KEEP_EVERY_MS = 5_000;
const AGAIN_MS = 2_000;
const SHOWN = 'intake-shown';

/**
 * State keys: `open` [{id, reference, attempts, unread, lost}], `shown` the id of the one in the middle (or null; it may
 * be one that is only looked at), `contact:<id>` the whole contact as GET /contacts/{id} gave it, `type_to` the one
 * whose reply gets the focus, because its handler took it.
 */
export class OpenContacts {
  constructor({ state, api, live, say }) {
    Object.assign(this, { state, api, live, say });
    state.set('open', []);
    state.set('shown', null);
    this.fetching = new Map();
    this.left = new Map();
    this.typed = 0;
    document.addEventListener('input', () => (this.typed += 1), { capture: true });
    live.on('contact', (frame) => (this.concerned().includes(frame.id) ? this.fetch(frame.id) : this.adopt(frame)));
    live.on('typing', (frame) => this.typing(frame.contacts));
    live.on('lost', (frame) => this.lost(frame.id, refused(frame)));
    live.onOpen(() => {
      this.watched = null; // a new line knows of nobody
      this.typists = null;
      this.keep();
      this.fetchAll(); // what was said while there was none
    });
    // Nothing is told to a locked desk: what was said meanwhile.
    state.watch(['locked'], () => state.get('locked') === false && this.fetchAll());
    state.watch(['open', 'shown'], () => this.watchThem());
    setInterval(() => this.keep(), KEEP_EVERY_MS);
  }

  find(id) {
    return this.state.get('open').find((one) => one.id === id);
  }

  /** After a reload: what this handler still has is open again, and the one that was shown is shown. */
  async restore() {
    let rows = [];
    try {
      ({ rows } = await this.api.get('/queue?mine=true'));
    } catch (error) {
      // Nothing heard is not nothing open: their leases end while nobody keeps them.
      if (unheard(error)) setTimeout(() => this.restore(), AGAIN_MS);
    }
    const mine = rows.filter((row) => row.claimed_by === this.state.get('me').handler && !this.find(row.id));
    if (!mine.length) return;
    this.state.set('open', [...this.state.get('open'), ...mine.map((row) => entry(row))]);
    this.keep();
    mine.forEach((row) => this.fetch(row.id));
    if (!this.state.get('shown')) this.show(this.find(sessionStorage.getItem(SHOWN))?.id ?? mine[0].id);
  }

  /** One that became ours elsewhere: a supervisor moved it here. Not one that was let go a moment ago. */
  async adopt({ id, attempts }) {
    if (attempts <= (this.left.get(id) ?? -1)) return;
    const { contact } = await this.api.get(`/contacts/${id}`).catch(() => ({}));
    if (contact?.claimed_by !== this.state.get('me').handler || contact.state !== 'open' || this.find(id)) return;
    this.state.set('open', [...this.state.get('open'), entry(contact, 1)]);
    this.keep();
    await this.fetch(id);
    if (!this.state.get('shown')) this.show(id);
  }

  /** What is in the middle, whole; null while nothing is shown or it has not come yet. */
  shown() {
    const id = this.state.get('shown');
    return id ? (this.state.get(`contact:${id}`) ?? null) : null;
  }

  /** References of all that is ours, as they are told: `26-000123, 26-000124`. */
  references() {
    return this.state.get('open').filter((one) => !one.lost).map((one) => one.reference).join(', ');
  }

  /** The open entry of what is shown, if it is ours; changes need its `attempts`. */
  ours() {
    const found = this.find(this.state.get('shown'));
    return found && !found.lost ? found : null;
  }

  /** Take the server's top contact. Returns its row, or null where nothing waits. Throws ApiError. */
  takeNext() {
    return this.taking('/queue/claim');
  }

  /** Take one by name; throws ApiError (409 names who has it). */
  take(id) {
    return this.taking(`/contacts/${id}/claim`);
  }

  /**
   * Ask for a contact; the row that comes is an open conversation, and shown. Where the answer is late and the hand has
   * gone on meanwhile, it waits in its tab, marked new: half a sentence must never end in another caller's reply.
   */
  async taking(path, body = undefined) {
    const { typed } = this;
    const shown = this.state.get('shown');
    const { contact } = await this.api.post(path, body);
    if (!contact) return contact;
    const { id } = contact;
    const isBusy = this.typed !== typed || this.state.get('shown') !== shown || document.querySelector('dialog[open]') !== null;
    const isBeside = isBusy && ![null, id].includes(this.state.get('shown'));
    const open = this.state.get('open').filter((one) => one.id !== id);
    this.state.set('open', [...open, entry(contact, isBeside ? 1 : 0)]);
    if (isBeside) this.fetch(id);
    else if (isBusy) this.show(id);
    else this.goTo(id);
    this.keep();
    return contact;
  }

  /** Show one at a person's wish, who types next: into this one from the very next key on. */
  goTo(id) {
    this.state.set('type_to', id);
    this.show(id);
    this.state.tell();
  }

  /** Show a contact in the middle, ours or not; its unread count ends. */
  show(id) {
    const open = this.find(id);
    if (open) open.unread = 0;
    this.state.set('shown', id);
    if (id) sessionStorage.setItem(SHOWN, id);
    this.state.touch('open');
    if (id) this.fetch(id);
  }

  /** It is no longer at this desk: released, held, closed, handed on. */
  gone(id) {
    this.left.set(id, this.find(id)?.attempts ?? -1);
    const open = this.state.get('open').filter((one) => one.id !== id);
    this.state.set('open', open);
    if (this.state.get('shown') === id) this.show(open.at(-1)?.id ?? null);
  }

  /** One change under the fence: POST /contacts/{id}/{verb}, and the contact as it is then. Throws ApiError. */
  async change(id, verb, body = {}) {
    const answer = await this.post(id, verb, body);
    await this.fetch(id);
    return answer;
  }

  /** The same without waiting for the contact: the row it answers with is kept. */
  async post(id, verb, body = {}) {
    const open = this.find(id);
    try {
      const answer = await this.api.post(`/contacts/${id}/${verb}`, { attempts: open?.attempts ?? 0, ...body });
      if (answer.contact && open) open.attempts = answer.contact.attempts;
      return answer;
    } catch (error) {
      if (error instanceof ApiError && error.code === 'stale_claim') this.lost(id, refused(error));
      throw error;
    }
  }

  fetchAll() {
    for (const id of this.concerned()) this.fetch(id);
  }

  /** Get a contact again; several wishes in a row are one request. */
  async fetch(id) {
    if (this.fetching.has(id)) {
      this.fetching.get(id).again = true;
      return this.fetching.get(id).promise;
    }
    const entry = { again: false, promise: null };
    entry.promise = this.fetchNow(id, entry).finally(() => this.fetching.delete(id));
    this.fetching.set(id, entry);
    return entry.promise;
  }

  async fetchNow(id, entry) {
    do {
      entry.again = false;
      try {
        const before = this.state.get(`contact:${id}`);
        const after = await this.api.get(`/contacts/${id}`);
        if (this.typists) after.typing = this.typists[id] ?? [];
        this.count(id, before, after);
        this.state.set(`contact:${id}`, after);
        this.state.touch('contacts');
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (unheard(error)) setTimeout(() => this.concerned().includes(id) && this.fetch(id), AGAIN_MS);
      }
    } while (entry.again);
  }

  count(id, before, after) {
    const open = this.find(id);
    if (!open) return;
    const said = (contact) => contact.conversation.filter((line) => line.author === 'caller').length;
    const more = before ? said(after) - said(before) : 0;
    if (more > 0 && this.state.get('shown') !== id) open.unread += more;
    if (after.contact.claimed_by === this.state.get('me')?.handler) open.attempts = after.contact.attempts;
    this.state.touch('open');
  }

  /** Who else types, by contact: drafts are nobody's change, so the contact itself is not told anew. */
  typing(contacts) {
    this.typists = contacts;
    for (const id of this.concerned()) {
      const contact = this.state.get(`contact:${id}`);
      if (contact) contact.typing = contacts[id] ?? [];
    }
    this.state.touch('contacts');
  }

  lost(id, why) {
    const open = this.find(id);
    if (!open || open.lost) return;
    open.lost = why;
    this.state.touch('open');
    this.say(why);
    this.fetch(id);
  }

  keep() {
    const claims = {};
    for (const one of this.state.get('open')) if (!one.lost) claims[one.id] = one.attempts;
    if (Object.keys(claims).length) this.live.send({ t: 'keep', claims });
    this.watchThem();
  }

  /** Whoever is open here or looked at. */
  concerned() {
    const ids = new Set(this.state.get('open').map((one) => one.id));
    if (this.state.get('shown')) ids.add(this.state.get('shown'));
    return [...ids].sort();
  }

  watchThem() {
    const contacts = this.concerned();
    const wanted = contacts.join();
    if (wanted !== this.watched || !this.live.socket) this.live.send({ t: 'watch', contacts });
    this.watched = wanted;
  }
}

function entry({ id, reference, attempts }, unread = 0) {
  return { id, reference, attempts, unread, lost: '' };
}

/** Whether the server has not said anything about it: it is to be asked again. */
function unheard(error) {
  return error.status === 0 || error.status >= 500;
}
