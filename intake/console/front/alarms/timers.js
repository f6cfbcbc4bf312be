// @ts-check
/** What runs late, and which of it is an alarm. Pure: facts and the time go in. */

/** Seconds after which something is said (UX.md, section 2). */
export const AFTER_S = { silent: 2.6, bold: 10, alarm: 60, supervisor: 120, owed: 30, owedAlarm: 90, nudge: 60, roomAmber: 15, roomAlarm: 45 };
/** At most so many alarms are raised in so long: more of them would be noise. */
export const RAISED_LIMIT = 10;
export const RAISED_WITHIN_MS = 600_000;

const HUMAN = (/** @type {string} */ author) => author !== 'caller' && !author.startsWith('automatic');
const FAILED = new Set(['failed', 'undelivered', 'expired']);

/** @param {any} line the last moment a line was said: words that came again count when they came again */
function lastOf(line) {
  return Math.max(Date.parse(line.at), ...(line.repeated_at ?? []).map((/** @type {string} */ at) => Date.parse(at)));
}

/** @param {any[]} lines the one that was said last, or null */
function newest(lines) {
  return lines.reduce((a, b) => (a && lastOf(a) > lastOf(b) ? a : b), null);
}

/** Since when we owe this caller a reply, in ms, or null. A reply of ours that failed is no reply. @param {any} answer views.contact.ContactAnswer */
export function owedSince(answer) {
  const lines = answer?.conversation ?? [];
  const ours = Math.max(-Infinity, ...lines.filter((/** @type {any} */ one) => HUMAN(one.author) && !FAILED.has(one.delivery)).map(lastOf));
  // What they have said since our last word; we owe since the first of it.
  const since = lines.filter((/** @type {any} */ one) => one.author === 'caller' && lastOf(one) > ours)
    .map((/** @type {any} */ one) => [one.at, ...(one.repeated_at ?? [])].map((at) => Date.parse(at)).filter((at) => at > ours)).flat();
  return since.length ? Math.min(...since) : null;
}

/** Since when the caller has not answered our question, in ms, or null; never in silent mode. @param {any} answer */
export function unansweredQuestionSince(answer) {
  if (!answer || answer.contact.silent) return null;
  const lines = answer.conversation ?? [];
  const last = newest(lines);
  if (!last || last.author === 'caller' || FAILED.has(last.delivery) || !/[?？]/.test(last.text)) return null;
  return lastOf(last);
}

/**
 * Why the desk suggests that this caller cannot be reached, or null: our last words could not be delivered, or our
 * question has had no answer for so long. Never where a room has the contact: then it is the room's to wait.
 * @param {any} answer @param {number} now_ms @param {number} after_s
 * @returns {{kind: 'failed' | 'silent', since: number} | null}
 */
export function unreachableHint(answer, now_ms, after_s) {
  if (!mayBeUnreachable(answer)) return null;
  const last = newest(answer.conversation ?? []);
  if (last && HUMAN(last.author) && FAILED.has(last.delivery)) return { kind: 'failed', since: lastOf(last) };
  const asked = unansweredQuestionSince(answer);
  return asked !== null && (now_ms - asked) / 1000 >= after_s ? { kind: 'silent', since: asked } : null;
}

/** In a handler's hands and with no room: only then a caller can be marked unreachable. @param {any} answer */
export function mayBeUnreachable(answer) {
  const withARoom = (/** @type {any} */ one) => ['queued', 'sent', 'delivered', 'accepted'].includes(one.state);
  return answer?.contact.state === 'open' && !(answer.transfers ?? []).some(withARoom);
}

/** Rooms that have not accepted yet: [{room_name, telephone, since}] with `since` in ms. @param {any} answer */
export function roomsWaiting(answer) {
  return (answer?.transfers ?? [])
    .filter((/** @type {any} */ one) => one.kind === 'creation' && ['queued', 'sent', 'delivered', 'held'].includes(one.state))
    .map((/** @type {any} */ one) => ({ room_name: one.room_name, telephone: one.telephone, since: Date.parse(one.created_at), state: one.state }));
}

/**
 * What one open conversation says to its handler: since when something is due, and how grave it is:
 * 0 nothing, 1 a badge (amber), 2 an alarm. `nudge` is a quiet suggestion.
 * @param {any} answer @param {number} now_ms
 */
export function dueOf(answer, now_ms) {
  const since = owedSince(answer);
  const owed_s = since === null ? 0 : (now_ms - since) / 1000;
  const asked = unansweredQuestionSince(answer);
  const rooms = roomsWaiting(answer).map((/** @type {any} */ one) => {
    const waits_s = (now_ms - one.since) / 1000;
    return { ...one, level: waits_s >= AFTER_S.roomAlarm ? 2 : waits_s >= AFTER_S.roomAmber ? 1 : 0 };
  });
  return {
    owedSince: since,
    owed: since === null ? 0 : owed_s >= AFTER_S.owedAlarm ? 2 : owed_s >= AFTER_S.owed ? 1 : 0,
    nudgeSince: asked !== null && (now_ms - asked) / 1000 >= AFTER_S.nudge ? asked : null,
    rooms,
  };
}

/** @typedef {{kind: string, level: number, count: number, since: number, contacts: string[], telephone?: string, room?: string, reference?: string}} Alarm */

/**
 * All that is an alarm now, the most urgent first; one of a kind, whatever the number.
 * `unaccepted` is what the server counted after 45 s: what no desk has open; no alarm for who is away.
 * @param {{now_ms: number, live: {status: string, since: number}, unanswered?: any, unaccepted?: any, nobody?: boolean, away?: boolean,
 *          open: {id: string, due: ReturnType<typeof dueOf>}[]}} facts
 * @returns {Alarm[]}
 */
export function alarmsOf(facts) {
  /** @type {(Alarm & {rank: number})[]} */
  const found = [];
  if (facts.live.status !== 'live' && facts.now_ms - facts.live.since >= 1000 * AFTER_S.silent) found.push({ kind: 'not_live', level: 2, count: 1, since: facts.live.since, contacts: [], rank: 0 });
  const waits = facts.unanswered?.oldest_queued_at ? (facts.now_ms - Date.parse(facts.unanswered.oldest_queued_at)) / 1000 : 0;
  if (facts.nobody) found.push({ kind: 'nobody', level: 2, count: facts.unanswered?.count ?? 0, since: facts.now_ms, contacts: [], rank: 1 });
  if (waits >= AFTER_S.alarm) {
    const level = waits >= AFTER_S.supervisor ? 3 : 2;
    // While the line is silent only the clock goes on: the count is as it was last told.
    const count = Math.max(1, facts.unanswered.first60 ?? facts.unanswered.count);
    found.push({ kind: 'unanswered', level, count, since: Date.parse(facts.unanswered.oldest_queued_at), contacts: [facts.unanswered.contact], rank: level === 3 ? 2 : 6 });
  }
  const rooms = facts.open.flatMap(({ id, due }) => due.rooms.filter((/** @type {any} */ one) => one.level === 2).map((/** @type {any} */ one) => ({ id, ...one })));
  rooms.sort((a, b) => a.since - b.since);
  if (rooms.length) found.push({ kind: 'room', level: 2, count: rooms.length, since: rooms[0].since, contacts: rooms.map((one) => one.id), telephone: rooms[0].telephone, room: rooms[0].room_name, rank: 3 });
  if (facts.unaccepted && !facts.away) {
    const { count, oldest_at, contact, reference, telephone, room_name } = facts.unaccepted;
    found.push({ kind: 'unaccepted', level: 2, count, since: Date.parse(oldest_at), contacts: [contact], reference, telephone, room: room_name, rank: 4 });
  }
  const owed = facts.open.filter(({ due }) => due.owed === 2).sort((a, b) => /** @type {number} */ (a.due.owedSince) - /** @type {number} */ (b.due.owedSince));
  if (owed.length) found.push({ kind: 'owed', level: 2, count: owed.length, since: /** @type {number} */ (owed[0].due.owedSince), contacts: owed.map((one) => one.id), rank: 5 });
  return found.sort((a, b) => a.rank - b.rank).map(({ rank: _rank, ...alarm }) => alarm);
}

/**
 * Which alarms were raised, and which a person has acknowledged. An acknowledged one comes back when it
 * worsens: a graver level, twice as many, or another contact of my own.
 */
export class AlarmBook {
  /** @param {{limit?: number, within_ms?: number}} rate */
  constructor({ limit = RAISED_LIMIT, within_ms = RAISED_WITHIN_MS } = {}) {
    this.limit = limit;
    this.within_ms = within_ms;
    /** @type {Alarm[]} */
    this.now = [];
    /** Kind → how it stood when it was raised last, and whether it was acknowledged so. */
    this.known = new Map();
    /** @type {number[]} */
    this.raisedAt = [];
  }

  /**
   * Take what is an alarm now; returns those to be said aloud. Above the rate they are shown all the same.
   * @param {Alarm[]} alarms @param {number} now_ms
   */
  update(alarms, now_ms) {
    const before = this.known;
    this.now = alarms;
    this.known = new Map();
    const raised = [];
    for (const alarm of alarms) {
      const seen = before.get(alarm.kind);
      if (seen && !worse(alarm, seen)) {
        this.known.set(alarm.kind, seen);
        continue;
      }
      this.known.set(alarm.kind, { ...alarm, acknowledged: false });
      this.raisedAt = this.raisedAt.filter((at) => now_ms - at < this.within_ms);
      if (this.raisedAt.length >= this.limit) continue;
      this.raisedAt.push(now_ms);
      raised.push(alarm);
    }
    return raised;
  }

  /** Acknowledge one kind, or the first that is not. Returns it. @param {string} [kind] */
  acknowledge(kind = this.standing()[0]?.kind) {
    const alarm = this.now.find((one) => one.kind === kind);
    if (alarm) this.known.set(alarm.kind, { ...alarm, acknowledged: true });
    return alarm;
  }

  /** Not acknowledged, most urgent first. */
  standing() {
    return this.now.filter((one) => !this.known.get(one.kind)?.acknowledged);
  }

  acknowledged() {
    return this.now.filter((one) => this.known.get(one.kind)?.acknowledged);
  }
}

/** @param {Alarm} alarm @param {Alarm} seen */
function worse(alarm, seen) {
  if (alarm.level > seen.level || alarm.count >= 2 * seen.count) return true;
  return !['unanswered', 'unaccepted'].includes(alarm.kind) && alarm.contacts.some((id) => !seen.contacts.includes(id));
}
