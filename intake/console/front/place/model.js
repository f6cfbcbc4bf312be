/** What the place panel and its map make of one contact's answer. Pure. */

import { grownRadius_m, ringStyle, trailOf, whoseOf } from './geometry.js';
import { inOrder } from './format.js';

/**
 * Hypotheses as they are listed: a handler's acceptance is not one more place but a mark on the accepted one.
 * `marks` by id: [{whose, by, at, current}]; `answers` are the listed ids of caller and incident.
 */
export function rowsOf(contact) {
  const { fused, places } = contact;
  const byId = new Map(places.map((one) => [one.id, one]));
  const standsFor = (id) => {
    const accepts = byId.get(id)?.place.accepts;
    return accepts && byId.has(accepts) ? standsFor(accepts) : id;
  };
  const marks = new Map();
  for (const one of places) {
    if (one.place.source !== 'handler') continue;
    const current = [fused.caller?.id, fused.incident?.id].includes(one.id);
    const target = standsFor(one.id);
    marks.set(target, [...(marks.get(target) ?? []), { whose: one.place.whose, by: one.said_by, at: one.received_at, current }]);
  }
  const answers = {
    caller: fused.caller ? standsFor(fused.caller.id) : '',
    incident: fused.incident ? standsFor(fused.incident.id) : '',
  };
  const first = fused.acts_on === 'incident' ? [answers.incident, answers.caller] : [answers.caller, answers.incident];
  const rows = places.filter((one) => standsFor(one.id) === one.id);
  return { rows: inOrder(rows, first.filter(Boolean)), marks, answers };
}

/** When it was measured, else when it came. */
export function momentOf(one) {
  return one.place.positioned_at ?? one.received_at;
}

/** The radius at 95 % now: a choice has the circle it was accepted with. */
export function radiusNow_m(one, fused, now_ms) {
  const age_s = (now_ms - Date.parse(momentOf(one))) / 1_000;
  return grownRadius_m(one.place, age_s, fused.grows[one.place.source], fused.rides_m_s);
}

/** Whether caller and incident are two places. */
export function areTwo(fused) {
  return Boolean(fused.caller && fused.incident && fused.caller.id !== fused.incident.id);
}

/** Everything the map draws. `letters` are the pins' {caller, incident}. */
export function mapModel(contact, { now_ms, letters, proposal, chances, service, shown }) {
  const { fused } = contact;
  const { rows, answers } = rowsOf(contact);
  const acting = [answers.caller, answers.incident].filter(Boolean);
  const rings = rows
    .filter((one) => shown.has(one.id))
    .map((one) => ({
      id: one.id, latitude: one.place.latitude, longitude: one.place.longitude, radius_m: one.place.radius_m,
      style: ringStyle(one.place), answers: acting.includes(one.id), aged_m: acting.includes(one.id) ? radiusNow_m(one, fused, now_ms) : 0,
    }))
    // The widest first, so that the narrow ones can be pointed at.
    .sort((a, b) => b.radius_m - a.radius_m);
  const pins = [];
  if (areTwo(fused)) {
    pins.push({ ...fused.caller, letter: letters.caller, kind: 'caller' }, { ...fused.incident, letter: letters.incident, kind: 'incident' });
  } else if (fused.caller ?? fused.incident) {
    const kind = fused.caller ? 'caller' : 'incident';
    pins.push({ ...(fused.caller ?? fused.incident), letter: letters[kind], kind });
  }
  return { rings, pins, trail: trailOf(contact.places), proposal, fit: acting.length ? acting : rows.map((one) => one.id), chances, service };
}

export { ringStyle, whoseOf };
