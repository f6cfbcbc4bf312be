import assert from 'node:assert/strict';
import { test } from 'node:test';
import { channelName, isForeign, marks, placeWords, quoted, radius, standing, waitLevel, waitWords } from '../../intake/console/front/queue/words.js';

const t = (key, values = {}) => (key.includes('_unheard') ? `⟦${key}⟧` : [key, ...Object.values(values)].join(' '));
const clockOf = () => '02:30';
const row = (more) => ({ id: 'c1', state: 'waiting', claimable: true, claimed_by: '', language: '', silent: false, defect: '', reroute: '', ...more });

test('a radius is read at a glance', () => {
  assert.deepEqual([0.2, 9, 999, 2_100, 40_000].map(radius), ['±1 m', '±9 m', '±999 m', '±2.1 km', '±40 km']);
});

test('a place is what was typed, or whose fix it is', () => {
  assert.deepEqual(placeWords({ clue: 'LS1 4AP', source: 'text_postcode', radius_m: 133 }, t), { name: 'LS1 4AP', radius: '±133 m' });
  assert.equal(placeWords({ clue: null, source: 'aml', radius_m: 9 }, t).name, 'queue.from_aml');
  assert.equal(placeWords(null, t).name, 'queue.no_place');
});

test('waiting is bold from 10 s and marked from 60 s', () => {
  assert.deepEqual([9.9, 10, 59, 60, 120].map(waitLevel), [0, 1, 1, 2, 3]);
});

test('neither English nor an unknown language is a mark', () => {
  assert.deepEqual(['', 'en', 'en-GB', 'und', 'cy', 'pl', 'EN'].map(isForeign), [false, false, false, false, true, true, false]);
});

test('a row says who has it, by the number of the desk', () => {
  assert.equal(standing(row({ claimed_by: 'bea' }), { me: 'ada', numbers: { bea: 7 } }, t, clockOf).words, 'queue.with queue.desk 7');
  assert.equal(standing(row({ claimed_by: 'ada' }), { me: 'ada' }, t, clockOf).kind, 'mine');
  assert.equal(standing(row({ state: 'held', claimable: false, until: 'x' }), { me: 'ada' }, t, clockOf).words, 'queue.held 02:30');
});

test('who cannot be reached is told from who is to be tried again and who is back', () => {
  const stale = { state: 'stale', claimable: false, unreachable_since: 'x', unreachable_reason: 'rang twice', summary: 'help', until: 'x' };
  const stands = (more) => standing(row({ ...stale, ...more }), { me: 'ada' }, t, clockOf);
  assert.deepEqual(stands({}), { kind: 'unreachable', words: 'queue.unreachable 02:30' });
  assert.deepEqual(stands({ claimable: true }), { kind: 'unreachable', words: 'queue.unreachable_again 02:30' });
  assert.equal(stands({ state: 'waiting', claimable: true }).kind, 'back');
  assert.equal(quoted(row(stale), t), 'queue.tried rang twice · help');
  assert.equal(quoted(row({ ...stale, state: 'waiting' }), t), 'help');
});

test('marks come in one order', () => {
  const found = marks(row({ silent: true, language: 'cy', defect: 'x', reroute: 'other_room' }), { me: 'ada', offered: true, language: 'en' }, t, clockOf);
  assert.deepEqual(found.map((one) => one.kind), ['offered', 'silent', 'language', 'defect', 'reroute']);
  assert.deepEqual(marks(row({ claimed_by: 'bea' }), { me: 'ada', gone: true }, t, clockOf).map((one) => one.kind), ['gone']);
});

test('a channel nobody has words for is called by its name', () => {
  assert.equal(channelName('unheard_of', t), 'Unheard of');
});

test('a wait is short to read', () => {
  assert.deepEqual([5, 112, 3_599, 3_600, 14_191, 90_000].map(waitWords), ['00:05', '01:52', '59:59', '1 h 00', '3 h 56', '1 d 01 h']);
});
