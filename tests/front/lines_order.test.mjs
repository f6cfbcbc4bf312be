import assert from 'node:assert/strict';
import test from 'node:test';

import { entries, onItsWay_s, owedSince } from '../../intake/console/front/conversation/lines_order.js';

const at = (clock, day = '2026-11-22') => `${day}T${clock}Z`;
const theirs = (id, clock, more = {}) => ({ id, at: at(clock), author: 'caller', text: id, kind: 'text', ...more });
const ours = (id, clock, more = {}) => ({ id, at: at(clock), author: 'ada', text: id, delivery: 'sent', ...more });
const contact = (conversation, more = {}) => ({ contact: { state: 'open' }, conversation, log: [], transfers: [], notes: [], ...more });
const event = (name, clock, actor, data) => ({ id: `${name}${clock}`, at: at(clock), name, actor, data });

test('everything stands in one order, with its days in London', () => {
  const whole = contact([theirs('a', '23:59:00'), { ...ours('b', '00:01:00'), at: at('00:01:00', '2026-11-23') }], {
    notes: [{ id: 'n', at: at('23:59:30'), author: 'bea', text: 'x' }],
    log: [event('QueueStateChangeLogEvent', '23:59:10', 'ada', { state: 'open', from: 'waiting' })],
  });
  assert.deepEqual(entries(whole).map((one) => one.kind), ['day', 'said', 'done', 'note', 'day', 'said']);
  // In summer the day turns an hour earlier by UTC.
  const summer = contact([{ ...theirs('a', ''), at: '2026-07-01T22:59:00Z' }, { ...theirs('b', ''), at: '2026-07-01T23:01:00Z' }]);
  assert.deepEqual(entries(summer).map((one) => one.kind), ['day', 'said', 'day', 'said']);
});

test('moments within one second keep their order, however they are written', () => {
  const whole = contact([theirs('b', '10:00:00.250'), theirs('a', '10:00:00')]);
  assert.deepEqual(entries(whole).slice(1).map((one) => one.id), ['a', 'b']);
});

test('an edit and what it replaces know each other', () => {
  const [, first, second] = entries(contact([theirs('a', '10:00:00'), theirs('b', '10:01:00', { replaces: 'a', flags: ['edit'] })]));
  assert.equal(second.corrects.id, 'a');
  assert.equal(first.corrected.id, 'b');
});

test('what happened is said once, by its own word', () => {
  const key = (name, actor, data, transfers = []) => entries(contact([], { transfers, log: [event(name, '10:00:00', actor, data)] })).find((one) => one.kind === 'done')?.key;
  assert.equal(key('QueueStateChangeLogEvent', 'ada', { state: 'open', from: 'waiting' }), 'done_taken');
  assert.equal(key('QueueStateChangeLogEvent', 'intake', { state: 'delivered' }), undefined);
  assert.equal(key('QueueStateChangeLogEvent', 'sue', { state: 'open', from: 'open', passed_to: 'bea' }), 'done_passed');
  assert.equal(key('QueueStateChangeLogEvent', 'bea', { state: 'open', from: 'open', passed_to: 'bea' }), undefined);
  assert.equal(key('TransferLogEvent', 'relay', { transfer_id: 't', state: 'rejected' }, [{ id: 't', room_name: 'Hull' }]), 'done_transfer_rejected');
  assert.equal(key('LocationLogEvent', 'link', { link_id: 'l', link: 'opened' }), 'done_link_opened');
  assert.equal(key('SuggestionLogEvent', 'triage', { priority: 1 }), undefined);
  assert.equal(key('SuggestionLogEvent', 'ada', { priority: 1 }), 'done_priority');
  assert.equal(key('HandingLogEvent', 'ada', { state: 'offered', to: '' }), 'done_handing_offered_all');
  assert.equal(key('MergeLogEvent', 'ada', { what: 'merged', part: 'x' }), 'done_merged');
  assert.equal(key('SomethingNew', 'ada', {}), undefined);
});

test('why a link ended or gave no place is a word of ours, never a code', () => {
  const reason = (data) => entries(contact([], { log: [event('LocationLogEvent', '10:00:00', 'link', { link_id: 'l', ...data })] })).find((one) => one.kind === 'done').values.reason;
  assert.equal(reason({ link: 'ended', reason: 'closed' }), '⟦place.link_ended_closed⟧');
  assert.equal(reason({ link: 'refused', reason: 'denied' }), '⟦place.trouble_denied⟧');
  // A code that this page does not know, and none at all.
  assert.equal(reason({ link: 'ended', reason: 'eaten' }), '⟦place.link_ended⟧');
  assert.equal(reason({ link: 'refused' }), '⟦place.link_refused⟧');
});

test('a changed place is said once, with its reason, and once that it is settled', () => {
  const reason = 'the place lies elsewhere';
  const moved = (clock, state) => event('RouteLogEvent', clock, 'rerouting', { reroute_id: 'r', state, reason });
  const person = (clock, why) => event('QueueStateChangeLogEvent', clock, 'intake', { state: 'open', reason: why });
  const log = [moved('10:00:00', 'open'), person('10:00:00', reason), person('10:00:00', 'no room took it'), moved('10:01:00', 'handing'), moved('10:01:00', 'handing'), person('10:02:00', reason)];
  const shown = entries(contact([], { log: log.map((one, n) => ({ ...one, id: `e${n}` })) })).filter((one) => one.kind === 'done');
  assert.deepEqual(shown.map((one) => [one.id, one.key]), [['e0', 'done_moved'], ['e2', 'done_for_a_person'], ['e3', 'done_moved_over'], ['e5', 'done_for_a_person']]);
});

test('an answer is owed from the oldest words that no person answered', () => {
  assert.equal(owedSince(contact([theirs('a', '10:00:00'), theirs('b', '10:01:00')])), at('10:00:00'));
  assert.equal(owedSince(contact([theirs('a', '10:00:00'), ours('r', '10:02:00')])), null);
  assert.equal(owedSince(contact([theirs('a', '10:00:00'), ours('r', '10:02:00'), theirs('b', '10:03:00')])), at('10:03:00'));
});

test('a machine’s words, a failed reply and a closed contact', () => {
  assert.equal(owedSince(contact([theirs('a', '10:00:00'), ours('m', '10:00:01', { author: 'automatic:received' })])), at('10:00:00'));
  assert.equal(owedSince(contact([theirs('a', '10:00:00'), ours('r', '10:02:00', { delivery: 'failed' })])), at('10:00:00'));
  assert.equal(owedSince({ ...contact([theirs('a', '10:00:00')]), contact: { state: 'closed' } }), null);
});

test('words that came again after our answer ask again', () => {
  const again = theirs('a', '10:00:00', { repeated_at: [at('10:05:00')] });
  assert.equal(owedSince(contact([again, ours('r', '10:02:00')])), at('10:05:00'));
});

test('a clock that is ahead gives no negative way', () => {
  assert.equal(onItsWay_s(theirs('a', '10:00:00', { sent_at: at('10:00:30') })), 0);
  assert.equal(onItsWay_s(theirs('a', '10:00:00', { sent_at: at('09:00:00') })), 3600);
});
