import assert from 'node:assert/strict';
import test from 'node:test';

import { chances, degrees, length, linkNext, linkSteps, listed } from '../../intake/console/front/place/format.js';
import { areTwo, mapModel, rowsOf } from '../../intake/console/front/place/model.js';

const at = (seconds) => new Date(1_800_000_000_000 + seconds * 1_000).toISOString();
const place = (id, source, seconds, more = {}) => ({
  id, received_at: at(seconds), said_by: 'message:app', chosen: false, joined_by: '',
  place: { latitude: 53, longitude: -1, radius_m: 20, source, method: 'gps', positioned_at: at(seconds), whose: '', accepts: '', ...more },
});
const fused = (caller, incident, acts_on = '') => ({
  acts_on, caller: caller && { id: caller, latitude: 53, longitude: -1 }, incident: incident && { id: incident, latitude: 53, longitude: -1 },
  warnings: [], set_aside: [], grows: { device: { m_s: 1.5, most_m: 30_000 } }, rides_m_s: 0,
});

test('an acceptance is a mark on the accepted place and no place of its own', () => {
  const contact = {
    places: [place('a', 'device', 0), place('b', 'text_postcode', 1), place('c', 'handler', 2, { accepts: 'b', whose: 'caller' })],
    fused: fused('c', null, 'caller'),
  };
  const { rows, marks, answers } = rowsOf(contact);
  assert.deepEqual(rows.map((one) => one.id), ['b', 'a']);
  assert.deepEqual(answers, { caller: 'b', incident: '' });
  assert.deepEqual(marks.get('b').map((one) => [one.whose, one.current]), [['caller', true]]);
});

test('an older choice stays in sight and is not the current one', () => {
  const contact = {
    places: [place('a', 'device', 0), place('c', 'handler', 2, { accepts: 'a', whose: 'caller' }), place('d', 'handler', 3, { whose: 'caller' })],
    fused: fused('d', null, 'caller'),
  };
  const { rows, marks } = rowsOf(contact);
  assert.deepEqual(rows.map((one) => one.id), ['d', 'a']);
  assert.equal(marks.get('a')[0].current, false);
  assert.equal(marks.get('d')[0].current, true);
});

test('the place to act on is first; caller and incident are two pins only where they differ', () => {
  const apart = { places: [place('a', 'device', 9), place('b', 'text_postcode', 0, { whose: 'incident' })], fused: fused('a', 'b', 'incident') };
  assert.deepEqual(rowsOf(apart).rows.map((one) => one.id), ['b', 'a']);
  assert.ok(areTwo(apart.fused) && !areTwo(fused('a', 'a')) && !areTwo(fused('a', null)));
  const how = { now_ms: Date.parse(at(60)), letters: { caller: 'C', incident: 'I' }, proposal: null, chances: [], service: 'police', shown: new Set(['a', 'b']) };
  const drawn = mapModel(apart, how);
  assert.deepEqual(drawn.pins.map((pin) => pin.letter), ['C', 'I']);
  assert.deepEqual(drawn.rings.map((ring) => [ring.id, ring.style, ring.answers]).sort(), [['a', 'gnss', true], ['b', 'said', true]]);
  assert.equal(drawn.rings.find((ring) => ring.id === 'a').aged_m, 20 + 51 * 1.5);
  assert.equal(mapModel({ ...apart, fused: fused('a', 'a') }, how).pins.length, 1);
  assert.equal(mapModel({ places: [], fused: fused(null, null) }, how).pins.length, 0);
});

test('lengths and positions as people say and paste them', () => {
  assert.deepEqual([18.4, 999, 1_000, 2_149, 212_400].map(length), ['18 m', '999 m', '1.0 km', '2.1 km', '212 km']);
  assert.equal(degrees({ latitude: 53.7965, longitude: -0.1 }), '53.79650, -0.10000');
});

test('of a live trail only the newest is listed, what is used always', () => {
  const live = Array.from({ length: 9 }, (_, n) => place(`l${n}`, 'link_live', 9 - n));
  const { rows, more } = listed([...live, place('t', 'text_place', 0)], new Set(['l8']), 5, (source) => source === 'link_live');
  assert.deepEqual(rows.map((one) => one.id), ['l0', 'l8', 't']);
  assert.equal(more, 7);
});

const link = (more) => ({ mode: 'once', sent_at: at(0), sent_by: 'ada', delivery: 'sent', opened_at: null, asked_at: null, granted_at: null, refused_at: null, trouble: '', first_fix_at: null, last_fix_at: null, best_fix_m: null, ended_at: null, ended_reason: '', ...more });

test('a link says what has happened and what to do next', () => {
  const next = (more, seconds = 10) => linkNext(link(more), Date.parse(at(seconds)));
  assert.deepEqual(linkSteps(link({ opened_at: at(4), first_fix_at: at(9), last_fix_at: at(9) })).map((one) => one.step), ['sent', 'opened', 'first_fix']);
  assert.equal(next({}), 'next_wait');
  assert.equal(next({}, 61), 'next_not_opened');
  assert.equal(next({ delivery: 'failed' }), 'next_not_delivered');
  assert.equal(next({ opened_at: at(1) }), 'next_opened');
  assert.equal(next({ opened_at: at(1), asked_at: at(2) }), 'next_asked');
  assert.equal(next({ asked_at: at(2), granted_at: at(3) }), 'next_granted');
  assert.equal(next({ asked_at: at(2), refused_at: at(3), trouble: 'denied' }), 'next_refused');
  assert.equal(next({ refused_at: at(3), granted_at: at(5) }), 'next_granted');
  assert.equal(next({ best_fix_m: 12 }), '');
  assert.equal(next({ best_fix_m: 2_000 }), 'next_rough');
  assert.equal(next({ ended_at: at(5), ended_reason: 'expired' }), 'next_ended_without');
  assert.equal(next({ ended_at: at(5), ended_reason: 'replaced' }), '');
});

test('chances are of the circle, in per cent', () => {
  const decision = { room_id: 'a', candidates: [{ room_id: 'a', name: 'A', probability: 0.57 }, { room_id: 'b', name: 'B', probability: 0 }] };
  assert.deepEqual(chances(decision).map((one) => [one.percent, one.chosen]), [[60, true], [0, false]]);
});
