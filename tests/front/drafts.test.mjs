import assert from 'node:assert/strict';
import test from 'node:test';

import { Drafts } from '../../intake/console/front/conversation/drafts.js';

class Store {
  constructor() {
    this.map = new Map();
  }
  get length() {
    return this.map.size;
  }
  key(n) {
    return [...this.map.keys()][n] ?? null;
  }
  getItem(name) {
    return this.map.get(name) ?? null;
  }
  setItem(name, value) {
    if (this.full) throw new Error('quota');
    this.map.set(name, value);
  }
  removeItem(name) {
    this.map.delete(name);
  }
}

function made(stores = [new Store(), new Store()], handler = 'ada') {
  const server = { drafts: new Map(), down: null };
  const api = {
    put: async (path, { text }) => {
      if (server.down) throw Object.assign(new Error('down'), { status: server.down === true ? 0 : server.down });
      server.drafts.set(path.split('/')[2], text);
    },
  };
  let clock = 1_000;
  const drafts = new Drafts({ api, handler, stores, now: () => (clock += 1) });
  return { drafts, server, stores };
}

test('what is typed is in both stores before anything else happens', async () => {
  const { drafts, stores, server } = made();
  drafts.set('c1', 'hel');
  for (const store of stores) assert.match(store.getItem('intake.draft:ada:c1'), /hel/);
  assert.equal(drafts.status('c1'), 'saving');
  await drafts.save('c1');
  assert.equal(server.drafts.get('c1'), 'hel');
  assert.equal(drafts.status('c1'), 'kept');
});

test('a new page finds it, in whichever store is left; another handler does not', () => {
  const { drafts, stores } = made();
  drafts.set('c1', 'where are you');
  stores[1].map.clear();
  assert.equal(made(stores).drafts.meet('c1', ''), 'where are you');
  assert.equal(made(stores, 'bea').drafts.meet('c1', ''), '');
});

test('a server that does not answer is said honestly and asked again', async () => {
  const { drafts, server } = made();
  server.down = true;
  drafts.set('c1', 'one');
  await drafts.save('c1');
  assert.equal(drafts.status('c1'), 'here');
  assert.deepEqual(drafts.dirty(), ['c1']);
  server.down = false;
  await drafts.save('c1');
  assert.equal(drafts.status('c1'), 'kept');
  assert.deepEqual(drafts.dirty(), []);
});

test('a full browser store loses nothing while one is left', () => {
  const { drafts, stores } = made();
  stores[0].full = true;
  drafts.set('c1', 'kept all the same');
  assert.equal(drafts.text('c1'), 'kept all the same');
});

test('a try that failed goes again under its name; other words get another', () => {
  const { drafts } = made();
  drafts.set('c1', 'yes');
  const key = drafts.keyFor('c1', 'yes');
  assert.equal(drafts.keyFor('c1', 'yes'), key);
  drafts.set('c1', 'yes!');
  const other = drafts.keyFor('c1', 'yes!');
  assert.notEqual(other, key);
});

test('the name outlives a reload', () => {
  const { drafts, stores } = made();
  drafts.set('c1', 'yes');
  const key = drafts.keyFor('c1', 'yes');
  assert.equal(made(stores).drafts.keyFor('c1', 'yes'), key);
});

test('sent words are forgotten here and there, and no late answer brings them back', async () => {
  const { drafts, server } = made();
  assert.equal(drafts.meet('c1', ''), '');
  drafts.set('c1', 'yes');
  await drafts.save('c1');
  drafts.sent('c1', 'yes');
  assert.equal(drafts.meet('c1', 'yes'), '');
  assert.equal(drafts.status('c1'), '');
  await drafts.save('c1');
  assert.equal(server.drafts.get('c1'), '');
  assert.equal(drafts.get('c1'), null);
  assert.equal(drafts.meet('c1', 'yes'), '');
});

test('what was typed while a reply went stays', () => {
  const { drafts } = made();
  drafts.set('c1', 'yes and more');
  drafts.sent('c1', 'yes');
  assert.equal(drafts.text('c1'), 'yes and more');
});

test('the same words may be said twice: the second time is another reply', async () => {
  const { drafts } = made();
  drafts.set('c1', 'yes');
  const first = drafts.keyFor('c1', 'yes');
  drafts.sent('c1', 'yes');
  drafts.set('c1', 'yes');
  assert.notEqual(drafts.keyFor('c1', 'yes'), first);
});

test('the server’s copy counts where this browser has none', () => {
  const { drafts } = made();
  assert.equal(drafts.meet('c1', 'typed at another desk'), 'typed at another desk');
});
