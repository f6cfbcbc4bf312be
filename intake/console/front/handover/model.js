/** What the hand-over panel makes of a contact: who has it, who would get it, what F8 would do. Pure. */

export const ASKED = ['police', 'ambulance', 'fire', 'coastguard'];
export const AMBER_AFTER_S = 15;
export const ALARM_AFTER_S = 45;

const UNDER_WAY = new Set(['queued', 'sent', 'delivered']);
const WITH_ROOM = new Set([...UNDER_WAY, 'accepted']);
const BY_ITSELF = 'rerouting';

/**
 * Each service at each room, in the order it was first sent there.
 * `main` is the newest message that asks the room to take it, `update` the newest after that, if any.
 * `over`: the room was told that another has it, or a later message about the service went elsewhere after
 * this room had not taken it.
 * @returns {{service: string, room_id: string, main: any, update: any, state: string, over: boolean, live: boolean}[]}
 */
export function lines(contact) {
  const found = new Map();
  for (const one of contact?.transfers ?? []) {
    const key = `${one.service} ${one.room_id}`;
    const line = found.get(key) ?? { service: one.service, room_id: one.room_id, main: null, update: null, closed: false };
    found.set(key, line);
    if (one.kind === 'closure') line.closed = one.state !== 'rejected';
    else if (one.kind === 'creation' || !line.main) Object.assign(line, { main: one, update: null, closed: false });
    else line.update = one;
  }
  const all = [...found.values()].filter((line) => line.main);
  return all.map((line) => {
    const failed = line.main.state === 'rejected' || line.main.state === 'held';
    const later = all.some((other) => other !== line && other.service === line.service
      && other.main.created_at > line.main.created_at);
    const over = line.closed || (failed && later);
    return { ...line, state: line.main.state, over, live: !over && WITH_ROOM.has(line.main.state) };
  });
}

/** Services that a room has or is being given. */
export function withRooms(contact) {
  return new Set(lines(contact).filter((line) => line.live).map((line) => line.service));
}

/** The line on which a service failed and nobody else has it; null where all is well. */
export function failedLine(contact, service) {
  const of = lines(contact).filter((line) => line.service === service);
  if (of.some((line) => line.live)) return null;
  return of.filter((line) => !line.over && !line.live).at(-1) ?? null;
}

/** Seconds that a room has had a message without accepting it; 0 once it answered. @param {number} now_ms */
export function waited_s(line, now_ms) {
  return line.live && UNDER_WAY.has(line.state) ? Math.max(0, (now_ms - Date.parse(line.main.created_at)) / 1000) : 0;
}

/** '' | 'amber' | 'alarm' */
export function level(line, now_ms) {
  if (line.over) return '';
  if (line.state === 'rejected' || line.state === 'held') return 'alarm';
  const s = waited_s(line, now_ms);
  return s >= ALARM_AFTER_S ? 'alarm' : s >= AMBER_AFTER_S ? 'amber' : '';
}

/** How many messages people (or a rule) handed over: what a send says it had seen. */
export function handedOver(contact) {
  return contact.transfers.filter((one) => one.created_by !== BY_ITSELF).length;
}

/**
 * Services to send to now: ticked by hand, or the contact's own until somebody unticks it.
 * @param {Record<string, boolean>} ticked
 */
export function pending(contact, ticked) {
  const has = withRooms(contact);
  const own = contact.contact.service;
  const names = new Set([...(own ? [own] : []), ...Object.keys(ticked), ...lines(contact).map((line) => line.service)]);
  return [...names].filter((name) => !has.has(name) && (ticked[name] ?? (name === own || failedLine(contact, name) !== null)));
}

/** Since the last message went: {messages, places} that a room does not know yet. */
export function news(contact) {
  const last = contact.transfers.reduce((latest, one) => (one.created_at > latest ? one.created_at : latest), '');
  if (!last) return { messages: 0, places: 0 };
  const after = (at) => Date.parse(at) > Date.parse(last);
  return {
    messages: contact.conversation.filter((line) => line.author === 'caller' && after(line.at)).length,
    places: contact.places.filter((place) => after(place.received_at)).length,
  };
}

/**
 * What F8 does now.
 * kind: `nothing` (reason: none_ticked | all_sent), `looking` (who would get it is not known yet),
 * `choose` (a room said no: `service` needs another), `send` or `update`.
 * @param {{decisions: Map<string, any>, chosen: Record<string, {id: string, name: string}>, ticked: Record<string, boolean>,
 *          changedFields: string[]}} known
 */
export function plan(contact, known) {
  const services = pending(contact, known.ticked);
  if (!services.length) {
    const live = lines(contact).filter((line) => line.live);
    if (!live.length) return { kind: 'nothing', reason: 'none_ticked' };
    const since = news(contact);
    const rooms = unique(live.map((line) => ({ id: line.room_id, name: line.main.room_name })));
    if (!since.messages && !since.places && !known.changedFields.length) return { kind: 'nothing', reason: 'all_sent', rooms };
    return { kind: 'update', services: live.map((line) => line.service), rooms, since, changed: known.changedFields };
  }
  const rooms = [];
  for (const service of services) {
    const chosen = known.chosen[service];
    const decision = known.decisions.get(service);
    if (!chosen && !decision) return { kind: 'looking', services };
    if (!chosen && failedLine(contact, service)?.room_id === decision.room_id) return { kind: 'choose', service };
    rooms.push(chosen ? { id: chosen.id, name: chosen.name } : { id: decision.room_id, name: decision.room_name });
  }
  const named = Object.fromEntries(services.map((service, n) => [service, rooms[n].id]));
  const byHand = Object.fromEntries(services.filter((one) => known.chosen[one]).map((one) => [one, known.chosen[one].id]));
  return { kind: 'send', services, rooms: unique(rooms), named, byHand };
}

function unique(rooms) {
  return [...new Map(rooms.map((room) => [room.id, room])).values()];
}
