import assert from 'node:assert/strict';
import test from 'node:test';

import { State } from '../../intake/console/front/state.js';

test('a part that fails stops no other, and is reported', () => {
  const reported = [];
  globalThis.document = { hidden: true };
  globalThis.reportError = (error) => reported.push(error.message);
  const state = new State();
  const drawn = [];
  let broken = false;
  state.watch(['queue'], () => {
    if (broken) throw new Error('the map is gone');
  });
  state.watch(['queue'], () => drawn.push('reply'));
  broken = true;
  state.set('queue', 1);
  state.tell();
  assert.deepEqual(drawn, ['reply', 'reply']);
  assert.deepEqual(reported, ['the map is gone']);
});
