import assert from 'node:assert/strict';
import test from 'node:test';

import { smsParts } from '../../intake/console/front/conversation/sms_parts.js';

const counted = (text) => {
  const { coding, parts, used } = smsParts(text);
  return [coding, parts, used];
};

test('the phones’ own alphabet', () => {
  assert.deepEqual(counted(''), ['gsm7', 0, 0]);
  assert.deepEqual(counted('a'.repeat(160)), ['gsm7', 1, 160]);
  assert.deepEqual(counted('a'.repeat(161)), ['gsm7', 2, 161]);
  assert.deepEqual(counted('a'.repeat(306)), ['gsm7', 2, 306]);
  assert.deepEqual(counted('a'.repeat(307)), ['gsm7', 3, 307]);
  assert.deepEqual(counted('£è@àØ'), ['gsm7', 1, 5]);
});

test('the extension counts twice and is never parted', () => {
  assert.deepEqual(counted('€'.repeat(80)), ['gsm7', 1, 160]);
  assert.deepEqual(counted('€'.repeat(81)), ['gsm7', 2, 162]);
  // 153 is odd: the 77th pair does not fit into the first part.
  assert.deepEqual(counted('€'.repeat(153)), ['gsm7', 3, 306]);
  assert.equal(smsParts('€'.repeat(153)).room, 153 - 2);
});

test('one other character makes all of it UCS-2, and is named', () => {
  assert.deepEqual(counted('ŵ'), ['ucs2', 1, 1]);
  assert.equal(smsParts('Ble mae’r tŷ?').forcedBy, '’');
  assert.deepEqual(counted('ŵ'.repeat(70)), ['ucs2', 1, 70]);
  assert.deepEqual(counted('ŵ'.repeat(71)), ['ucs2', 2, 71]);
  assert.deepEqual(counted('🔥'.repeat(35)), ['ucs2', 1, 70]);
  // 67 is odd: half a surrogate pair is no character.
  assert.deepEqual(counted('🔥'.repeat(67)), ['ucs2', 3, 134]);
});
