import assert from 'node:assert/strict';
import test from 'node:test';

import { failedLine, handedOver, level, lines, news, pending, plan, waited_s } from '../../intake/console/front/handover/model.js';

const NOON = Date.parse('2026-11-22T12:00:00Z');
const at = (seconds) => new Date(NOON + seconds * 1000).toISOString();

function transfer(changes = {}) {
  return {
    id: 't', service: 'fire', room_id: 'fire-a', room_name: 'Fire A', telephone: '01632 960001', kind: 'creation', state: 'sent',
    created_at: at(0), sent_at: at(1), delivered_at: null, answered_at: null, created_by: 'ada', reason: '', ...changes,
  };
}

function contact(changes = {}) {
  return { contact: { service: 'fire' }, transfers: [], conversation: [], places: [], ...changes };
}

const known = (changes = {}) => ({ decisions: new Map(), chosen: {}, ticked: {}, changedFields: [], ...changes });
const decided = (...pairs) => new Map(pairs.map(([service, id]) => [service, { room_id: id, room_name: id.toUpperCase() }]));

test('a room that has not accepted is amber at 15 s and an alarm at 45 s, and calm once it has', () => {
  const [line] = lines(contact({ transfers: [transfer({ state: 'delivered' })] }));
  assert.deepEqual([14, 15, 44, 45].map((s) => level(line, NOON + s * 1000)), ['', 'amber', 'amber', 'alarm']);
  const [good] = lines(contact({ transfers: [transfer({ state: 'accepted' })] }));
  assert.deepEqual([level(good, NOON + 99_000), waited_s(good, NOON + 99_000)], ['', 0]);
});

test('a refusal is an alarm until the service has gone elsewhere', () => {
  const refused = transfer({ state: 'rejected' });
  const [line] = lines(contact({ transfers: [refused] }));
  assert.equal(level(line, NOON), 'alarm');
  assert.equal(failedLine(contact({ transfers: [refused] }), 'fire').room_id, 'fire-a');
  const both = contact({ transfers: [refused, transfer({ room_id: 'fire-b', created_at: at(9) })] });
  assert.deepEqual(lines(both).map((one) => [one.room_id, one.over, one.live]), [['fire-a', true, false], ['fire-b', false, true]]);
  assert.equal(failedLine(both, 'fire'), null);
});

test('a room that was told its closure has it no more', () => {
  const moved = [transfer({ state: 'accepted' }), transfer({ room_id: 'fire-b', created_at: at(9) }), transfer({ kind: 'closure', created_at: at(12), created_by: 'rerouting' })];
  assert.deepEqual(lines(contact({ transfers: moved })).map((one) => [one.room_id, one.live]), [['fire-a', false], ['fire-b', true]]);
  assert.equal(handedOver(contact({ transfers: moved })), 2, 'what the intake tells by itself does not count');
});

test('the contact’s own service is ticked until somebody unticks it; what a room has is not sent again', () => {
  assert.deepEqual(pending(contact(), {}), ['fire']);
  assert.deepEqual(pending(contact(), { fire: false }), []);
  assert.deepEqual(pending(contact(), { police: true }), ['fire', 'police']);
  assert.deepEqual(pending(contact({ transfers: [transfer()] }), { fire: true, police: true }), ['police']);
  assert.deepEqual(pending(contact({ transfers: [transfer({ state: 'held' })] }), {}), ['fire'], 'nobody has it: it is to be sent');
});

test('one key press never sends to nobody', () => {
  assert.equal(plan(contact({ contact: { service: null } }), known()).reason, 'none_ticked');
  assert.equal(plan(contact(), known()).kind, 'looking', 'nobody knows yet who would get it');
  assert.equal(plan(contact({ transfers: [transfer()] }), known()).reason, 'all_sent');
});

test('what is sent names every room, and which of them a person chose', () => {
  const decisions = decided(['fire', 'fire-a'], ['police', 'police-a']);
  const next = plan(contact(), known({ decisions, ticked: { police: true }, chosen: { police: { id: 'police-b', name: 'Police B' } } }));
  assert.equal(next.kind, 'send');
  assert.deepEqual(next.named, { fire: 'fire-a', police: 'police-b' });
  assert.deepEqual(next.byHand, { police: 'police-b' });
  assert.deepEqual(next.rooms.map((room) => room.name), ['FIRE-A', 'Police B']);
});

test('a room that said no is not offered it again unless a person says so', () => {
  const refused = contact({ transfers: [transfer({ state: 'rejected' })] });
  const decisions = decided(['fire', 'fire-a']);
  assert.deepEqual(plan(refused, known({ decisions })), { kind: 'choose', service: 'fire' });
  assert.equal(plan(refused, known({ decisions, chosen: { fire: { id: 'fire-a', name: 'Fire A' } } })).kind, 'send');
  assert.equal(plan(refused, known({ decisions: decided(['fire', 'fire-b']) })).kind, 'send', 'the map says another by now');
});

test('what has come since the last message is an update for the rooms that have it', () => {
  const said = (author, s) => ({ author, at: at(s) });
  const accepted = contact({ transfers: [transfer({ state: 'accepted' })], conversation: [said('caller', -5), said('ada', 20), said('caller', 30)] });
  assert.deepEqual(news(accepted), { messages: 1, places: 0 });
  const next = plan(accepted, known());
  assert.deepEqual([next.kind, next.rooms], ['update', [{ id: 'fire-a', name: 'Fire A' }]]);
  assert.equal(plan({ ...accepted, conversation: [] }, known({ changedFields: ['hazards'] })).kind, 'update');
});
