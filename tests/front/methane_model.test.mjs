import assert from 'node:assert/strict';
import test from 'node:test';

import { adopt, body, changedFields, edit, empty, fault, keepOld, offers, takeNew, values } from '../../intake/console/front/handover/methane_model.js';

const FIRST = { exact_location: 'LS1 4AP', type_of_incident: 'fire' };
const BETTER = { exact_location: 'SE 292 333', type_of_incident: 'fire' };

test('what nobody has edited follows what is proposed', () => {
  assert.equal(values(FIRST, empty()).exact_location, 'LS1 4AP');
  assert.equal(values(BETTER, empty()).exact_location, 'SE 292 333');
  assert.deepEqual(offers(BETTER, empty()), {});
});

test('what a person wrote is never overwritten; the new is offered beside it', () => {
  const draft = edit(empty(), FIRST, 'exact_location', 'behind the mill');
  assert.equal(values(BETTER, draft).exact_location, 'behind the mill');
  assert.deepEqual(offers(FIRST, draft), {}, 'nothing new yet');
  assert.deepEqual(offers(BETTER, draft), { exact_location: 'SE 292 333' });
  assert.equal(values(BETTER, takeNew(draft, 'exact_location')).exact_location, 'SE 292 333');
  const kept = keepOld(draft, BETTER, 'exact_location');
  assert.equal(values(BETTER, kept).exact_location, 'behind the mill');
  assert.deepEqual(offers(BETTER, kept), {}, 'offered once');
});

test('an emptied field stays empty, and one put back as proposed is no edit', () => {
  const emptied = edit(empty(), FIRST, 'type_of_incident', '');
  assert.equal(values(FIRST, emptied).type_of_incident, '');
  assert.deepEqual(edit(emptied, FIRST, 'type_of_incident', 'fire'), empty());
});

test('casualties are a whole number or nothing', () => {
  const form = (casualties) => ({ ...values(FIRST, empty()), casualties });
  assert.deepEqual(['', '2', ' 12 ', 'two', '-1', '1.5', '999999'].map((one) => fault(form(one))), ['', '', '', 'casualties', 'casualties', 'casualties', 'casualties']);
  assert.equal(body(form('')).casualties, null);
  assert.equal(body(form(' 12 ')).casualties, 12);
  assert.equal(body(form('0')).casualties, 0);
});

test('what was sent from another browser is a person’s, and shows what has changed since', () => {
  const sent = { exact_location: 'behind the mill', type_of_incident: 'fire', casualties: 0 };
  const draft = adopt(sent, FIRST);
  const form = values(BETTER, draft);
  assert.deepEqual([form.exact_location, form.casualties], ['behind the mill', '0']);
  assert.deepEqual(changedFields(form, body(form)), []);
  assert.deepEqual(changedFields({ ...form, hazards: 'gas' }, body(form)), ['hazards']);
  assert.deepEqual(changedFields(form, null), [], 'nothing was sent: nothing has changed since');
});
