/** What the server says beside the contact itself: who would get it, and the summary it proposes. */

import { pending, withRooms } from './model.js';
import { refused } from '../told.js';

const SETTLE_MS = 250;
const RETRY_MS = 2_000;

/** Looks are asked for while drawing, and again whenever what they stand on has changed. */
export class HandoverLooks {
  /** @param {() => void} changed something came: draw again */
  constructor(desk, changed) {
    this.api = desk.api;
    this.changed = changed;
    this.byContact = new Map();
  }

  /** {decisions: Map by service, added: services to think of beside the ticked, welsh of their reasons, summary, routeTrouble} as far as they are known now. */
  of(contact, draft) {
    const id = contact.contact.id;
    const look = this.entry(id);
    const services = pending(contact, draft.ticked);
    const standsOn = JSON.stringify([services, [...withRooms(contact)], contact.fused, contact.places.length, contact.contact.summary, look.round]);
    if (standsOn !== look.standsOn) {
      look.standsOn = standsOn;
      look.services = services;
      look.all = [...new Set([...services, ...withRooms(contact)])];
      clearTimeout(look.timer);
      look.timer = setTimeout(() => this.ask(id, standsOn), look.asked ? SETTLE_MS : 0);
    }
    return { decisions: look.decisions, added: look.added, welsh: look.welsh, rooms: look.rooms, summary: look.summary, routeTrouble: look.trouble };
  }

  prefill(contact) {
    return this.entry(contact.contact.id).summary?.prefill ?? {};
  }

  /** Ask anew although nothing that is known here has changed. */
  again(id) {
    this.entry(id).round += 1;
  }

  entry(id) {
    if (!this.byContact.has(id)) {
      this.byContact.set(id, { decisions: new Map(), added: [], welsh: {}, rooms: new Map(), summary: null, trouble: '', round: 0, standsOn: '', services: [], all: [], asked: false });
    }
    return this.byContact.get(id);
  }

  /** How the lines to these rooms are: said beside, never waited for. */
  async hear(look, ids) {
    if (!ids.length) return;
    const { rooms } = await this.api.get(`/rooms?${new URLSearchParams({ ids: ids.join(',') })}`).catch(() => ({ rooms: [] }));
    for (const room of rooms) look.rooms.set(room.id, room);
    this.changed();
  }

  async ask(id, standsOn) {
    const look = this.entry(id);
    look.asked = true;
    const query = (services) => new URLSearchParams({ service: services.join(',') });
    try {
      const [route, summary] = await Promise.all([
        look.services.length ? this.api.get(`/contacts/${id}/route?${query(look.services)}`) : { decisions: [], added: [] },
        this.api.get(`/contacts/${id}/summary?${query(look.all)}`),
      ]);
      if (look.standsOn !== standsOn) return; // a later question is on its way
      look.welsh = route.welsh ?? {};
      look.added = route.added;
      look.decisions = new Map(route.decisions.map((one) => [one.service, one]));
      look.summary = summary;
      this.hear(look, [...new Set(route.decisions.map((one) => one.room_id))]);
      look.trouble = '';
    } catch (error) {
      look.trouble = refused(error);
      if (look.standsOn === standsOn) look.timer = setTimeout(() => this.ask(id, standsOn), RETRY_MS);
    }
    this.changed();
  }
}
