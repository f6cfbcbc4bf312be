/** A conversation in the order it is read: what was said, what was done, what handlers noted, day by day. Pure. */

import { linkEnd, linkTrouble } from '../place/format.js';
import { inWelsh } from '../words.js';

/**
 * @typedef {{kind: 'day', id: string, at: string}} Day
 * @typedef {{kind: 'said', id: string, at: string, line: any, ours: boolean, automatic: boolean, corrected: any, corrects: any}} Said
 *   `corrects` is the line this one replaces, `corrected` the latest that replaces it
 * @typedef {{kind: 'note', id: string, at: string, note: any}} Note
 * @typedef {{kind: 'done', id: string, at: string, key: string, values: Record<string, string>, loud: boolean}} Done
 *   `key` is a word of the conversation's area
 * @typedef {Day | Said | Note | Done} Entry
 */

const DAY = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/London', dateStyle: 'short' });
const LINK_STEPS = new Set(['sent', 'opened', 'asked', 'granted', 'refused', 'stopped', 'finished', 'resumed', 'ended']);
const HANDINGS = new Set(['offered', 'taken', 'declined', 'withdrawn', 'moved']);
const MOVES = new Set(['done_moved', 'done_moved_over']);
const TRANSFER_STEPS = new Set(['queued', 'sent', 'delivered', 'accepted', 'rejected', 'held', 'failed']);

/** Everything in one list, oldest first. @param {any} contact GET /contacts/{id} @returns {Entry[]} */
export function entries(contact) {
  const all = [
    ...said(contact.conversation),
    ...(contact.notes ?? []).map((note) => ({ kind: 'note', id: `note:${note.id}`, at: note.at, note })),
    ...once(contact.log.map((event) => done(event, contact)).filter(Boolean)),
  ];
  all.sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  return withDays(all);
}

/**
 * A changed place leaves several records: what is said in the same words within a second is said once, and the call
 * for a person not beside the line that gives its reason.
 * @param {Done[]} found
 */
function once(found) {
  const follows = (one, before) => MOVES.has(before.key) && before.values.reason === one.values.reason
    && (one.key === before.key || one.key === 'done_for_a_person') && Math.abs(Date.parse(one.at) - Date.parse(before.at)) < 1_000;
  return found.filter((one, n) => !found.slice(0, n).some((before) => follows(one, before)));
}

function said(lines) {
  const byId = new Map(lines.map((line) => [line.id, line]));
  const corrected = new Map();
  for (const line of lines) if (line.replaces) corrected.set(line.replaces, line);
  return lines.map((line) => ({
    kind: 'said',
    id: line.id,
    at: line.at,
    line,
    ours: line.author !== 'caller',
    automatic: line.author.startsWith('automatic:'),
    corrects: byId.get(line.replaces) ?? null,
    corrected: corrected.get(line.id) ?? null,
  }));
}

function withDays(all) {
  const listed = [];
  let day = '';
  for (const entry of all) {
    const its = DAY.format(Date.parse(entry.at));
    if (its !== day) listed.push({ kind: 'day', id: `day:${its}`, at: entry.at });
    day = its;
    listed.push(entry);
  }
  return listed;
}

/** A log event as a quiet line; null where the conversation shows it already or it is of no use to a reader. */
function done(event, contact) {
  const { data } = event;
  const who = event.actor;
  const line = (key, values = {}, loud = false) => ({ kind: 'done', id: event.id, at: event.at, key, values: { who, ...values }, loud });
  switch (event.name) {
    case 'QueueStateChangeLogEvent':
      return ofState(event, line, contact);
    case 'TransferLogEvent': {
      const transfer = contact.transfers.find((one) => one.id === data.transfer_id);
      const room = transfer?.room_name ?? data.room_id ?? '';
      return TRANSFER_STEPS.has(data.state)
        ? line(`done_transfer_${data.state}`, { room, reason: inWelsh(data.reason || '', contact.welsh) }, data.state === 'rejected' || data.state === 'failed')
        : null;
    }
    case 'LocationLogEvent':
      if (data.link) return LINK_STEPS.has(data.link) ? line(`done_link_${data.link}`, { reason: (data.link === 'ended' ? linkEnd : linkTrouble)(data.reason) }) : null;
      return data.by_hand || isPerson(who) ? line('done_place') : null;
    case 'RouteLogEvent':
      return data.reroute_id ? line(data.state === 'open' ? 'done_moved' : 'done_moved_over', { reason: inWelsh(data.reason || '', contact.welsh) }, data.state === 'open') : null;
    case 'SuggestionLogEvent':
      if (!isPerson(who)) return null;
      if ('priority' in data) return line('done_priority', { priority: String(data.priority) });
      if ('silent' in data) return line(data.silent ? 'done_silent_on' : 'done_silent_off');
      return null;
    case 'HandingLogEvent':
      if (!HANDINGS.has(data.state)) return null;
      return line(data.state === 'offered' && !data.to ? 'done_handing_offered_all' : `done_handing_${data.state}`, { to: data.to || '' });
    case 'MergeLogEvent':
      return line(data.what === 'undone' ? 'done_unmerged' : data.into ? 'done_merged_into' : 'done_merged');
    default:
      return null;
  }
}

function ofState(event, line, contact) {
  const { state, from, passed_to: to } = event.data;
  const reason = inWelsh(event.data.reason ?? '', contact.welsh);
  // What a colleague took over is told by the offer's own end.
  if (to) return to === event.actor ? null : line('done_passed', { to });
  if (state === 'open' && isPerson(event.actor)) return line(from === 'closed' ? 'done_reopened' : 'done_taken');
  if (state === 'open') return line('done_for_a_person', { reason }, true);
  if (state === 'waiting') return line(isPerson(event.actor) ? 'done_released' : 'done_back', { reason });
  if (state === 'held') return line('done_held', { reason });
  if (state === 'stale') return line('done_unreachable', { reason });
  if (state === 'closed') return line('done_closed', { reason });
  return null;
}

const OUR_NAMES = new Set(['intake', 'triage', 'outbox', 'relay', 'rerouting', 'automatic', 'caller', 'link', 'joining', 'aml']);

function isPerson(actor) {
  return !OUR_NAMES.has(actor) && !actor.includes(':');
}

/** When the caller wrote what no person has answered: the oldest such line; null where no answer is owed. */
export function owedSince(contact) {
  if (contact.contact.state === 'closed' || contact.contact.state === 'merged') return null;
  let since = null;
  for (const line of contact.conversation) {
    if (line.author === 'caller') {
      const last = line.repeated_at?.at(-1) ?? line.at;
      if (line.kind !== 'place') since ??= { at: line.at, last };
    } else if (!line.author.startsWith('automatic:') && line.delivery !== 'failed') {
      // Words that came again after our answer are a question again.
      since = since && since.last > line.at ? { at: since.last, last: since.last } : null;
    }
  }
  return since?.at ?? null;
}

/** Seconds a message was on its way; 0 where its sender's clock is unknown or ahead. */
export function onItsWay_s(line) {
  return line.sent_at ? Math.max(0, (Date.parse(line.at) - Date.parse(line.sent_at)) / 1000) : 0;
}
