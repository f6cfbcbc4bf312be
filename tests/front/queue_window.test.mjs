import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QueueWindow, ROW_LIMIT, SIZE } from '../../intake/console/front/queue/window.js';

const row = (n, priority = 2, more = {}) => ({ id: `c${String(n).padStart(5, '0')}`, priority, queued_at: new Date(1_800_000_000_000 + n * 1000).toISOString(), ...more });
/** A window of a whole queue, as the server gives it. */
const windowOf = (rows, first = 0, size = SIZE) => {
  const some = rows.slice(first, first + size);
  return { t: 'window', first, total: rows.length, order: some.map((one) => one.id), rows: some };
};
const many = (n) => Array.from({ length: n }, (_, index) => row(index));
const shownAt = (model, place) => model.shown[place - model.first];

test('it follows the server while nobody points at it', () => {
  const model = new QueueWindow();
  model.take(windowOf(many(3)));
  model.take({ t: 'delta', order: ['c00002', 'c00000'], total: 2, rows: [row(2, 1)] });
  assert.deepEqual(model.shown, ['c00002', 'c00000']);
  assert.equal(model.rows.get('c00002').priority, 1);
  assert.equal(model.rows.has('c00001'), false);
});

test('held, no row moves; what is new above is counted, and comes when it is let go', () => {
  const model = new QueueWindow();
  const rows = many(20);
  model.take(windowOf(rows));
  model.hold();
  const before = [...model.shown];
  const news = [row(-3, 1), row(-2, 1), row(-1, 2)];
  model.take(windowOf([...news, ...rows]));
  assert.deepEqual(model.shown, before);
  assert.deepEqual(model.newAbove(10), { count: 3, urgent: 2 });
  model.letGo();
  assert.deepEqual(model.shown.slice(0, 3), news.map((one) => one.id));
  assert.deepEqual(model.newAbove(10), { count: 0, urgent: 0 });
});

test('the first window a desk gets is shown, pointed at or not', () => {
  const model = new QueueWindow();
  model.hold();
  model.take(windowOf(many(5)));
  assert.equal(model.shown.length, 5);
});

test('held, a row that left is kept and marked; one pushed out below is not taken for one that left', () => {
  const model = new QueueWindow();
  const rows = many(200);
  model.take(windowOf(rows));
  model.hold();
  const later = [row(-1, 1), ...rows.filter((one) => one.id !== 'c00004')];
  model.take(windowOf(later));
  assert.deepEqual([...model.gone], ['c00004']);
  assert.equal(shownAt(model, 4), 'c00004');
  assert.equal(shownAt(model, 59), 'c00059');
  model.take(windowOf([row(-2, 1), ...later]));
  assert.deepEqual([...model.gone], ['c00004']);
  assert.equal(model.newAbove(30).count, 2);
});

test('held, rows change where they stand', () => {
  const model = new QueueWindow();
  model.take(windowOf(many(3)));
  model.hold();
  model.take({ t: 'delta', order: ['c00002', 'c00000', 'c00001'], rows: [row(2, 1, { claimed_by: 'bea' })] });
  assert.deepEqual(model.shown, ['c00000', 'c00001', 'c00002']);
  assert.equal(model.rows.get('c00002').claimed_by, 'bea');
});

test('held, what comes below everything is shown: nothing moves by it', () => {
  const model = new QueueWindow();
  model.take(windowOf(many(2)));
  model.hold();
  model.take(windowOf(many(4)));
  assert.deepEqual(model.shown, ['c00000', 'c00001', 'c00002', 'c00003']);
});

test('scrolled, the next window joins on, and what can be seen keeps its place', () => {
  const model = new QueueWindow();
  let rows = many(5000);
  model.take(windowOf(rows));
  model.hold();
  for (let top = 0; top < 400; top += 5) {
    const seen = Array.from({ length: 12 }, (_, n) => shownAt(model, top + n));
    const wish = model.wish(top, top + 12);
    if (top % 50 === 0) rows = [row(-1 - top, 1), ...rows];
    if (wish) {
      if (wish.far) model.restart();
      model.take(windowOf(rows, wish.first));
    }
    assert.deepEqual(Array.from({ length: 12 }, (_, n) => shownAt(model, top + n)), seen);
    assert.ok(seen.every(Boolean), `rows are missing at ${top}`);
    assert.ok(model.shown.length <= ROW_LIMIT);
    assert.equal(new Set(model.shown).size, model.shown.length);
  }
  assert.equal(model.newAbove(405).count, 8);
});

test('scrolled back to the top, all of it is there again', () => {
  const model = new QueueWindow();
  const rows = many(300);
  model.take(windowOf(rows));
  model.hold();
  for (const top of [...Array.from({ length: 30 }, (_, n) => n * 5), ...Array.from({ length: 31 }, (_, n) => 150 - n * 5)]) {
    const wish = model.wish(top, top + 12);
    if (wish) model.take(windowOf(rows, wish.first));
    assert.equal(shownAt(model, top), rows[top].id);
  }
});

test('a jump far away shows what is there', () => {
  const model = new QueueWindow();
  const rows = many(5000);
  model.take(windowOf(rows));
  model.hold();
  const wish = model.wish(4000, 4012);
  assert.equal(wish.far, true);
  model.restart();
  model.take(windowOf(rows, wish.first));
  assert.equal(shownAt(model, 4005), 'c04005');
  assert.equal(model.wish(4000, 4012), null);
});

test('the end of the list asks for nothing beyond it', () => {
  const model = new QueueWindow();
  const rows = many(70);
  model.take(windowOf(rows));
  const wish = model.wish(58, 70);
  assert.equal(wish.first, 10);
  model.take(windowOf(rows, wish.first));
  assert.equal(model.wish(58, 70), null);
});
