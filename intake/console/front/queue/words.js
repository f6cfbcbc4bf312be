// @ts-check
/** A row of the queue in words. Pure: `t` is handed in. */

import { oneLine } from '../visible_text.js';

const TYPED = new Set(['text_postcode', 'text_outcode', 'text_grid', 'text_latlon', 'text_pluscode', 'text_w3w', 'text_place', 'text_road', 'text_address']);

/** `±9 m`, `±2.1 km`, `±40 km` @param {number} metres */
export function radius(metres) {
  if (metres < 1_000) return `±${Math.max(1, Math.round(metres))} m`;
  const km = metres / 1_000;
  return `±${km < 10 ? km.toFixed(1) : Math.round(km)} km`;
}

/**
 * The best place: what was typed, or whose fix it is, and its radius (both '' apart from the name where there is none).
 * @param {any} place `views.places.Place` or null @param {(key: string, values?: object) => string} t
 */
export function placeWords(place, t) {
  if (!place) return { name: t('queue.no_place'), radius: '' };
  const name = oneLine(place.clue ?? '') || t(TYPED.has(place.source) ? 'queue.from_text' : `queue.from_${place.source}`);
  return { name, radius: radius(place.radius_m) };
}

/** A word of a list that may grow: known ones by our words, others as they are called. @param {string} key @param {string} raw */
export function known(key, raw, t) {
  const said = t(key);
  return said.startsWith('⟦') ? raw.charAt(0).toUpperCase() + raw.slice(1).replaceAll('_', ' ') : said;
}

export function serviceName(service, t) {
  return service ? known(`queue.service_${service}`, service, t) : t('queue.not_known');
}

export function channelName(channel, t) {
  return known(`queue.channel_${channel}`, channel, t);
}

/** The language's own English or Welsh name: `Polish`, `Pwyleg`. @param {string} tag @param {string} shownIn */
export function languageName(tag, shownIn) {
  if (tag.toLowerCase().split('-')[0] === 'cy') return 'Cymraeg';
  try {
    const name = new Intl.DisplayNames([shownIn, 'en'], { type: 'language' }).of(tag);
    return name ?? tag;
  } catch {
    return tag; // not a tag at all: as it came
  }
}

/** Whether this language is worth a mark: neither English nor unknown. @param {string} tag */
export function isForeign(tag) {
  return !['', 'en', 'und', 'unknown'].includes((tag ?? '').toLowerCase().split('-')[0]);
}

/** 0 fresh, 1 from 10 s (bold), 2 from 60 s (marked), 3 from 120 s: for contacts nobody has. @param {number} seconds */
export function waitLevel(seconds) {
  return seconds >= 120 ? 3 : seconds >= 60 ? 2 : seconds >= 10 ? 1 : 0;
}

/** `desk 7`, or the handler's name where their desk has no number yet. @param {string} handler */
export function deskName(handler, more, t) {
  const number = more.numbers?.[handler];
  return number ? t('queue.desk', { number }) : handler;
}

/** `01:52`; from an hour on `3 h 56`, from a day on `2 d 04 h`: room for what matters more. @param {number} seconds */
export function waitWords(seconds) {
  const two = (/** @type {number} */ n) => String(Math.floor(n)).padStart(2, '0');
  if (seconds >= 86_400) return `${Math.floor(seconds / 86_400)} d ${two((seconds % 86_400) / 3600)} h`;
  if (seconds >= 3_600) return `${Math.floor(seconds / 3_600)} h ${two((seconds % 3_600) / 60)}`;
  return `${two(seconds / 60)}:${two(seconds % 60)}`;
}

/** Who or what stands between this row and being taken: {kind, words}, kind '' where it can be taken. */
export function standing(row, more, t, clockOf) {
  if (row.claimed_by === more.me) return { kind: 'mine', words: t('queue.mine') };
  if (row.claimed_by) return { kind: 'taken', words: t('queue.with', { desk: deskName(row.claimed_by, more, t) }) };
  if (row.state === 'held' && !row.claimable && row.until) return { kind: 'held', words: t('queue.held', { until: clockOf(row.until) }) };
  if (row.state === 'stale') return { kind: 'unreachable', words: t(row.claimable ? 'queue.unreachable_again' : 'queue.unreachable', { since: clockOf(row.unreachable_since) }) };
  if (row.unreachable_since) return { kind: 'back', words: t('queue.back') };
  return { kind: '', words: '' };
}

/** What a row quotes: the caller's words; of one that cannot be reached what was tried comes first. */
export function quoted(row, t) {
  const summary = oneLine(row.summary);
  return row.state === 'stale' ? `${t('queue.tried', { reason: oneLine(row.unreachable_reason) })} · ${summary}` : summary;
}

/** The marks of a row in their order: [{kind, words}]. `more` is {me, offered, language, gone, numbers}. */
export function marks(row, more, t, clockOf) {
  const found = [];
  const add = (kind, words) => found.push({ kind, words });
  const stands = standing(row, more, t, clockOf);
  if (more.gone) add('gone', row.claimed_by ? t('queue.gone_with', { desk: deskName(row.claimed_by, more, t) }) : t('queue.gone'));
  else if (stands.kind) add(stands.kind, stands.words);
  if (more.offered) add('offered', t('queue.offered'));
  if (row.silent) add('silent', t('queue.silent'));
  if (isForeign(row.language)) add('language', languageName(row.language, more.language));
  if (row.defect) add('defect', t('queue.defect'));
  if (row.reroute) add('reroute', t(row.reroute === 'other_room' ? 'queue.reroute_other' : 'queue.reroute'));
  return found;
}

/** Everything a row says, as one sentence for whoever hears it. Its waiting time in whole minutes: it must not change each second. */
export function spoken(row, more, t, clockOf, seconds) {
  const parts = [
    t('queue.spoken_priority', { priority: row.priority }), row.reference,
    serviceName(row.service, t), channelName(row.channel, t),
    Object.values(placeWords(row.place, t)).join(' '), t('queue.spoken_wait', { minutes: Math.floor(seconds / 60) }),
    ...marks(row, more, t, clockOf).map((one) => one.words), quoted(row, t),
  ];
  return parts.filter(Boolean).join('. ');
}
