import assert from 'node:assert/strict';
import test from 'node:test';

import { wayOf } from '../../intake/console/front/conversation/way.js';

const OWN = { id: 'k', channel: 'sms', caller: 'tel:+447700900123', reference: '26-000001' };
const PART = { id: 'merge-1', contact_id: 'm', channel: 'app', caller: 'app:one', reference: '26-000002' };

function line(contact, at, more = {}) {
  return { author: 'caller', contact, at: `2026-11-23T${at}Z`, text: 'help', ...more };
}

test('a contact of one way goes by its own', () => {
  assert.deepEqual(wayOf({ contact: OWN, conversation: [line('k', '01:00:00')] }), OWN);
  assert.deepEqual(wayOf({ contact: OWN, conversation: [] }), OWN);
});

test('of several the one the caller wrote by last, whoever else spoke since', () => {
  const conversation = [
    line('m', '01:00:00'), line('k', '01:00:01'), line('m', '01:00:01.5'),
    line('k', '01:00:09', { author: 'ada' }), line('k', '01:00:08', { author: 'automatic:received' }),
  ];
  const way = wayOf({ contact: OWN, merged: [PART], conversation });
  assert.deepEqual(way, { id: 'm', channel: 'app', caller: 'app:one', reference: '26-000002' });
});

test('words said again count when they were said again', () => {
  const conversation = [line('m', '01:00:00', { repeated_at: ['2026-11-23T01:04:00Z'] }), line('k', '01:02:00')];
  assert.equal(wayOf({ contact: OWN, merged: [PART], conversation }).id, 'm');
});

test('at one moment it is the kept contact', () => {
  for (const conversation of [[line('m', '01:00:00'), line('k', '01:00:00')], [line('k', '01:00:00'), line('m', '01:00:00')]]) {
    assert.equal(wayOf({ contact: OWN, merged: [PART], conversation }).id, 'k');
  }
});

test('a line of a contact that is no part any more is nobody to answer', () => {
  assert.equal(wayOf({ contact: OWN, merged: [], conversation: [line('k', '01:00:00'), line('m', '01:00:05')] }).id, 'k');
});
