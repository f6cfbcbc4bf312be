import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AlarmBook, alarmsOf, dueOf, mayBeUnreachable, owedSince, unansweredQuestionSince, unreachableHint } from '../../intake/console/front/alarms/timers.js';
import { SoundGate } from '../../intake/console/front/alarms/sounds_gate.js';

const T0 = Date.parse('2026-11-24T02:00:00Z');
const at = (s) => new Date(T0 + s * 1000).toISOString();
const LIVE = { status: 'live', since: T0 };
const caller = (s, text = 'help', more = {}) => ({ author: 'caller', at: at(s), text, ...more });
const ours = (s, text = 'Help is on its way.', more = {}) => ({ author: 'ada', at: at(s), text, ...more });
const contact = (lines, more = {}) => ({ contact: { id: 'c1', silent: false }, conversation: lines, transfers: [], ...more });
const waiting = (s, count, now_s) => ({ oldest_queued_at: count ? at(s) : null, count, contact: 'c0', first60: now_s - s >= 60 ? count : 0 });

test('we owe a reply since the first word after our last; an automatic or a failed one is none of ours', () => {
  assert.equal(owedSince(contact([caller(0), ours(10)])), null);
  assert.equal(owedSince(contact([caller(0), ours(10), caller(20), caller(30)])), T0 + 20_000);
  assert.equal(owedSince(contact([caller(0), ours(5, 'x', { author: 'automatic:received' })])), T0);
  assert.equal(owedSince(contact([caller(0), ours(5, 'x', { delivery: 'failed' })])), T0);
  assert.equal(owedSince(contact([caller(0, 'help', { repeated_at: [at(40)] }), ours(10)])), T0 + 40_000);
});

test('a reply owed is a badge from 30 s and an alarm from 90 s', () => {
  const answer = contact([caller(0)]);
  assert.deepEqual([29, 30, 89, 90].map((s) => dueOf(answer, T0 + s * 1000).owed), [0, 1, 1, 2]);
});

test('a silent caller is never nudged', () => {
  const lines = [caller(0), ours(10, 'Where are you?')];
  assert.equal(unansweredQuestionSince(contact(lines)), T0 + 10_000);
  assert.equal(unansweredQuestionSince(contact(lines, { contact: { silent: true } })), null);
  assert.equal(unansweredQuestionSince(contact([...lines, caller(20)])), null);
  assert.equal(unansweredQuestionSince(contact([caller(0), ours(10)])), null);
  assert.deepEqual([69, 70].map((s) => dueOf(contact(lines), T0 + s * 1000).nudgeSince !== null), [false, true]);
});

test('a caller who does not answer, or whom nothing reaches, may be marked unreachable; never by itself', () => {
  const open = { contact: { id: 'c1', silent: false, state: 'open' } };
  const asked = [caller(0), ours(10, 'Where are you?')];
  const hint = (lines, s, more = {}) => unreachableHint(contact(lines, { ...open, ...more }), T0 + s * 1000, 600);
  assert.equal(hint(asked, 609), null);
  assert.deepEqual(hint(asked, 610), { kind: 'silent', since: T0 + 10_000 });
  assert.equal(hint([...asked, caller(20)], 900), null);
  assert.equal(hint(asked, 900, { contact: { ...open.contact, silent: true } }), null, 'a silent caller is not pressed');
  const failed = [caller(0), ours(10, 'Stay inside.', { delivery: 'failed' })];
  assert.deepEqual(hint(failed, 11), { kind: 'failed', since: T0 + 10_000 });
  assert.equal(hint([...failed, caller(20)], 30), null, 'they have written since');
  assert.equal(hint([caller(0), ours(5, 'x', { author: 'automatic:received', delivery: 'failed' })], 30), null);
  for (const state of ['queued', 'sent', 'delivered', 'accepted']) {
    assert.equal(hint(failed, 30, { transfers: [{ kind: 'creation', state }] }), null, `${state}: the room has it`);
  }
  assert.ok(mayBeUnreachable(contact([], { ...open, transfers: [{ kind: 'creation', state: 'rejected' }] })));
  assert.equal(mayBeUnreachable(contact([], { contact: { state: 'accepted' } })), false);
  assert.equal(mayBeUnreachable(null), false);
});

test('a room that has not accepted is amber from 15 s and an alarm with its number from 45 s', () => {
  const sent = (state) => contact([ours(0)], { transfers: [{ kind: 'creation', state, created_at: at(0), room_name: 'Hull', telephone: '01632 960123' }] });
  assert.deepEqual([14, 15, 44, 45].map((s) => dueOf(sent('delivered'), T0 + s * 1000).rooms[0].level), [0, 1, 1, 2]);
  assert.deepEqual(dueOf(sent('accepted'), T0 + 900_000).rooms, []);
  const [alarm] = alarmsOf({ now_ms: T0 + 45_000, live: LIVE, open: [{ id: 'c1', due: dueOf(sent('sent'), T0 + 45_000) }] });
  assert.deepEqual([alarm.kind, alarm.telephone, alarm.contacts], ['room', '01632 960123', ['c1']]);
});

test('what no desk has open and no room accepts is one alarm at every desk that is not away', () => {
  const unaccepted = { count: 3, oldest_at: at(0), contact: 'c7', reference: '26-000007', room_name: 'Hull', telephone: '01632 960123' };
  const facts = { now_ms: T0 + 50_000, live: LIVE, open: [], unaccepted };
  const [alarm, ...more] = alarmsOf(facts);
  assert.deepEqual(more, []);
  assert.deepEqual(alarm, { kind: 'unaccepted', level: 2, count: 3, since: T0, contacts: ['c7'], reference: '26-000007', telephone: '01632 960123', room: 'Hull' });
  assert.deepEqual(alarmsOf({ ...facts, away: true }), []);
  assert.deepEqual(alarmsOf({ ...facts, unaccepted: null }), []);
  const book = new AlarmBook();
  book.update([alarm], 0);
  book.acknowledge();
  assert.equal(book.update([{ ...alarm, contacts: ['c8'] }], 1000).length, 0, 'the next of many is no new alarm');
  assert.equal(book.update([{ ...alarm, count: 6 }], 2000).length, 1);
});

test('unanswered is an alarm from 60 s and the supervisor\'s from 120 s, combined', () => {
  const of = (s) => alarmsOf({ now_ms: T0 + s * 1000, live: LIVE, unanswered: waiting(0, 3, s), open: [] });
  assert.deepEqual(of(59), []);
  assert.deepEqual(of(60).map((one) => [one.kind, one.level, one.count]), [['unanswered', 2, 3]]);
  assert.equal(of(120)[0].level, 3);
});

test('the most urgent comes first', () => {
  const owing = { id: 'c1', due: dueOf(contact([caller(0)]), T0 + 100_000) };
  const facts = { now_ms: T0 + 100_000, live: { status: 'stale', since: T0 }, unanswered: waiting(0, 2, 100), nobody: true, open: [owing] };
  assert.deepEqual(alarmsOf(facts).map((one) => one.kind), ['not_live', 'nobody', 'owed', 'unanswered']);
  assert.equal(alarmsOf({ ...facts, unanswered: waiting(-50, 2, 100) })[2].kind, 'unanswered');
});

test('a page that has only just been opened raises no alarm about the line', () => {
  const of = (ms) => alarmsOf({ now_ms: T0 + ms, live: { status: 'stale', since: T0 }, open: [] }).length;
  assert.deepEqual([of(0), of(2_500), of(2_600)], [0, 0, 1]);
});

test('an acknowledged alarm is quiet until it worsens', () => {
  const book = new AlarmBook();
  const alarm = { kind: 'unanswered', level: 2, count: 3, since: T0, contacts: ['c0'] };
  assert.equal(book.update([alarm], 0).length, 1);
  book.acknowledge();
  assert.equal(book.update([{ ...alarm, count: 5 }], 1000).length, 0);
  assert.deepEqual(book.standing(), []);
  assert.equal(book.acknowledged().length, 1);
  assert.equal(book.update([{ ...alarm, count: 6 }], 2000).length, 1);
  book.acknowledge();
  assert.equal(book.update([{ ...alarm, level: 3 }], 3000).length, 1);
  assert.equal(book.standing().length, 1);
});

test('another contact of mine that is owed a reply ends the acknowledgement', () => {
  const book = new AlarmBook();
  const owed = { kind: 'owed', level: 2, count: 3, since: T0, contacts: ['a', 'b', 'c'] };
  book.update([owed], 0);
  book.acknowledge();
  assert.equal(book.update([{ ...owed, contacts: ['a', 'b', 'd'] }], 1000).length, 1);
});

/** 500 contacts at once, one answered each 20 s; three conversations here that fall behind; every alarm acknowledged at once. */
function upset(book, spread = (alarms) => alarms) {
  let raised = 0;
  let unseen = 0;
  for (let s = 0; s < 600; s += 1) {
    const now_ms = T0 + s * 1000;
    const open = [0, 1, 2].map((n) => ({ id: `m${n}-${Math.floor(s / 150)}`, due: dueOf(contact([caller(Math.floor(s / 150) * 150 + n)]), now_ms) }));
    const live = s > 300 && s < 310 ? { status: 'stale', since: T0 + 299_000 } : LIVE;
    const facts = { now_ms, live, unanswered: waiting(0, 500 - Math.floor(s / 20), s), open };
    const alarms = spread(alarmsOf(facts));
    raised += book.update(alarms, now_ms).length;
    if (alarms.length && !book.standing().length && !book.acknowledged().length) unseen += 1;
    while (book.standing().length) book.acknowledge();
  }
  return { raised, unseen };
}

test('at most ten alarms in the first ten minutes of an upset, and none of them is hidden', () => {
  const { raised, unseen } = upset(new AlarmBook());
  assert.ok(raised >= 3 && raised <= 10, `${raised} alarms`);
  assert.equal(unseen, 0);
});

test('negative control: one alarm a contact would be hundreds', () => {
  const each = (alarms) => alarms.flatMap((one) => (one.kind === 'unanswered' ? Array.from({ length: one.count }, (_, n) => ({ ...one, kind: `unanswered-${n}`, count: 1 })) : [one]));
  assert.ok(upset(new AlarmBook({ limit: Infinity }), each).raised > 400);
});

test('never two sounds within two seconds; the gravest of what came meanwhile is heard', () => {
  const gate = new SoundGate();
  assert.equal(gate.ask('new', 0), 'new');
  for (let ms = 10; ms < 1990; ms += 10) assert.equal(gate.ask(ms === 500 ? 'alarm' : 'reply', ms), null);
  assert.equal(gate.due(1999), null);
  assert.equal(gate.due(2000), 'alarm');
  assert.equal(gate.due(9000), null);
});
