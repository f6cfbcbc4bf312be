import assert from 'node:assert/strict';
import test from 'node:test';

import { matching, rings, slashBefore } from '../../intake/console/front/conversation/stock_matching.js';

const reply = (id, group, en, cy = en) => ({ id, shortcut: `/${id}`, group, texts: { en: { text: en }, cy: { text: cy } } });
const ALL = [
  reply('where', 'ask', 'Where are you?', 'Ble ydych chi?'),
  reply('call', 'tell', 'Call 999.', 'Ffoniwch 999.'),
  reply('awake', 'ask', 'Is the person awake?', 'Ydy’r person yn effro?'),
  reply('s-need', 'silent', 'Do you need us? 1 or 2.', 'Ydych chi ein hangen? 1 neu 2.'),
];
const ids = (words, silent = false, language = 'en') => matching(ALL, words, language, silent).map((one) => one.id);

test('a slash that begins a word opens them', () => {
  assert.deepEqual(slashBefore('/wh', 3), { start: 0, end: 3, words: 'wh' });
  assert.deepEqual(slashBefore('yes /', 5), { start: 4, end: 5, words: '' });
  assert.equal(slashBefore('and/or', 6), null);
  assert.equal(slashBefore('24/7 a', 6), null);
  assert.equal(slashBefore('https://x', 9), null);
});

test('typing narrows them, by name before text, in either language', () => {
  assert.deepEqual(ids(''), ['where', 'call', 'awake', 's-need']);
  assert.deepEqual(ids('wh'), ['where']);
  assert.deepEqual(ids('person'), ['awake']);
  assert.deepEqual(ids('effro', false, 'cy'), ['awake']);
  assert.deepEqual(ids('where', false, 'cy'), ['where']);
  assert.deepEqual(ids('zebra'), []);
});

test('a silent caller is offered the neutral ones, alone until something is typed', () => {
  assert.deepEqual(ids('', true), ['s-need']);
  assert.deepEqual(ids('you', true), ['s-need', 'where']);
});

test('what could make a phone ring is found', () => {
  for (const said of ['Call us', 'ring 999', 'dial 01632 960001', 'I will phone you', 'Ffoniwch ni', 'calling']) assert.ok(rings(said), said);
  for (const said of ['Reply 1 for yes or 2 for no.', 'Where are you?', 'recall', 'during', 'house 14']) assert.equal(rings(said), null, said);
});
