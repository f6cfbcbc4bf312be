/** Places as figures: how far, how old, how they are copied; the words of a link's life. Pure. */

import { t } from '../words.js';

const TROUBLES = new Set(['denied', 'unavailable', 'timeout', 'insecure']);
const ENDS = new Set(['replaced', 'finished', 'stopped', 'closed', 'expired']);

/** `±18 m`, `±2.1 km`, `±212 km` */
export function length(metres) {
  if (metres < 1_000) return `${Math.round(metres)} m`;
  return metres < 10_000 ? `${(metres / 1_000).toFixed(1)} km` : `${Math.round(metres / 1_000)} km`;
}

/** `53.79650, -1.54780`: five places are a metre; a plain hyphen, for it is pasted into other programs. */
export function degrees(place) {
  return `${place.latitude.toFixed(5)}, ${place.longitude.toFixed(5)}`;
}

/** Hypotheses as they are listed: what is acted on, other answers, then the newest first. */
export function inOrder(hypotheses, answers) {
  const rank = (one) => (answers.includes(one.id) ? answers.indexOf(one.id) : answers.length);
  const at = (one) => Date.parse(one.place.positioned_at ?? one.received_at);
  return [...hypotheses].sort((a, b) => rank(a) - rank(b) || at(b) - at(a) || (a.id < b.id ? 1 : -1));
}

/** Which are listed at once: live fixes but the newest of each source are a trail, not a list. */
export function listed(ordered, kept, most, isLive) {
  const seen = new Set();
  const rows = ordered.filter((one) => {
    if (kept.has(one.id) || !isLive(one.place.source)) return true;
    if (seen.has(one.place.source)) return false;
    seen.add(one.place.source);
    return true;
  });
  const shown = rows.filter((one, index) => index < most || kept.has(one.id));
  return { rows: shown, more: ordered.length - shown.length };
}

/** What became of a link, oldest first: [{step, at}] of those that have happened. */
export function linkSteps(link) {
  const steps = [
    ['sent', link.sent_at],
    ['opened', link.opened_at],
    ['asked', link.asked_at],
    ['granted', link.granted_at],
    ['refused', link.refused_at],
    ['first_fix', link.first_fix_at],
    ['last_fix', link.last_fix_at !== link.first_fix_at ? link.last_fix_at : null],
    ['ended', link.ended_at],
  ];
  return steps.filter(([, at]) => at).map(([step, at]) => ({ step, at }));
}

/** Why a link gave no place, as its page told: `denied` and its like in words. */
export function linkTrouble(trouble) {
  return t(TROUBLES.has(trouble) ? `place.trouble_${trouble}` : 'place.link_refused');
}

/** Why a link takes no more places, in words. */
export function linkEnd(reason) {
  return t(ENDS.has(reason) ? `place.link_ended_${reason}` : 'place.link_ended');
}

/** What to do about a link now: a key of the words. */
export function linkNext(link, now_ms) {
  const waited_s = (now_ms - Date.parse(link.sent_at)) / 1_000;
  if (link.ended_reason === 'replaced') return '';
  if (['failed', 'undelivered', 'rejected'].includes(link.delivery)) return 'next_not_delivered';
  if (link.ended_at) return link.best_fix_m === null ? 'next_ended_without' : '';
  if (link.refused_at && !(link.granted_at > link.refused_at)) return 'next_refused';
  if (link.best_fix_m !== null) return link.best_fix_m > 100 ? 'next_rough' : '';
  if (link.trouble) return 'next_trouble';
  if (link.granted_at) return 'next_granted';
  if (link.asked_at) return 'next_asked';
  if (link.opened_at) return 'next_opened';
  return waited_s > 60 ? 'next_not_opened' : 'next_wait';
}

/** Candidates as they are read: rooms with the probability in per cent, of the circle. */
export function chances(decision) {
  const whole = 0.95;
  return decision.candidates.map((one) => ({
    id: one.room_id,
    name: one.name,
    percent: Math.round((100 * one.probability) / whole),
    chosen: one.room_id === decision.room_id,
  }));
}
