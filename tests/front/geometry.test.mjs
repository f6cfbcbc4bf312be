import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import {
  around, boundsOf, decodeOutline, distance_m, grownRadius_m, holds, padded, ringStyle, trailOf, uncrowded, whoseOf,
} from '../../intake/console/front/place/geometry.js';

const LEEDS = { latitude: 53.7965, longitude: -1.5478 };
const YORK = { latitude: 53.9576, longitude: -1.0827 };
const near = (got, wanted, share = 0.01) => assert.ok(Math.abs(got - wanted) <= share * wanted, `${got} is not ${wanted}`);

test('distances are those of the ground', () => {
  near(distance_m(LEEDS, YORK), 35_400);
  assert.equal(distance_m(LEEDS, LEEDS), 0);
});

test('a circle lies within its bounds, with air', () => {
  for (const radius_m of [18, 1_500, 40_000]) {
    const [[south, west], [north, east]] = boundsOf(LEEDS, radius_m);
    for (const edge of [{ ...LEEDS, latitude: north }, { ...LEEDS, latitude: south }, { ...LEEDS, longitude: west }, { ...LEEDS, longitude: east }]) {
      assert.ok(distance_m(LEEDS, edge) > radius_m * 1.1);
      assert.ok(distance_m(LEEDS, edge) < Math.max(60, radius_m * 1.3));
    }
  }
  assert.equal(around([]), null);
  const both = around([boundsOf(LEEDS, 50), boundsOf(YORK, 50)]);
  assert.ok(holds(both, boundsOf(LEEDS, 50)) && holds(padded(both, 0.5), both) && !holds(both, padded(both, 0.1)));
});

test('the ring says who measured: solid, dashed, dotted, chosen', () => {
  const style = (source, method) => ringStyle({ source, method });
  assert.equal(style('device', 'gps'), 'gnss');
  assert.equal(style('aml', 'device-assisted'), 'gnss');
  assert.equal(style('aml', 'cell'), 'network');
  assert.equal(style('link', '802.11'), 'network');
  assert.equal(style('text_postcode', 'derived'), 'said');
  assert.equal(style('chat_pin', 'manual'), 'gnss');
  assert.equal(style('handler', 'gps'), 'chosen');
});

test('a phone is its caller’s, words are whose they say', () => {
  assert.equal(whoseOf({ source: 'device', whose: '' }), 'caller');
  assert.equal(whoseOf({ source: 'text_place', whose: '' }), '');
  assert.equal(whoseOf({ source: 'device', whose: 'incident' }), 'incident');
});

test('age widens a circle as the server says, and no further', () => {
  const place = { source: 'device', radius_m: 20 };
  const walk = { m_s: 1.5, most_m: 30_000 };
  assert.equal(grownRadius_m(place, 60, walk), 110);
  assert.equal(grownRadius_m(place, 1e6, walk), 30_020);
  assert.equal(grownRadius_m(place, -5, walk), 20);
  assert.equal(grownRadius_m(place, 60, undefined), 20);
  assert.equal(grownRadius_m(place, 60, walk, 31.3), 20 + 31.3 * 60);
  assert.equal(grownRadius_m({ source: 'chat_pin', radius_m: 20 }, 60, walk, 31.3), 110);
});

test('a trail is the last twenty live fixes, oldest first', () => {
  const one = (n, source = 'link_live') => ({ place: { source, latitude: n, longitude: 0, positioned_at: new Date(n * 1000).toISOString() } });
  assert.deepEqual(trailOf([one(2), one(1), one(3, 'device')]), [[1, 0], [2, 0]]);
  assert.deepEqual(trailOf([one(1)]), []);
  const many = trailOf(Array.from({ length: 30 }, (_, n) => one(n)));
  assert.equal(many.length, 20);
  assert.deepEqual(many.at(-1), [29, 0]);
});

test('the committed outline comes out as closed enough rings of Britain', () => {
  const rings = decodeOutline(JSON.parse(readFileSync(new URL('../../intake/console/front/place/map_outline.json', import.meta.url))));
  assert.ok(rings.length > 100);
  for (const ring of rings) {
    assert.ok(ring.length >= 3);
    for (const [latitude, longitude] of ring) assert.ok(latitude > 48 && latitude < 62 && longitude > -13 && longitude < 4);
  }
});

test('no name lies over another, the first keep their place', () => {
  const size = { x: 300, y: 200 };
  const kept = uncrowded([{ name: 'Leeds', x: 150, y: 100 }, { name: 'Holbeck', x: 155, y: 104 }, { name: 'Otley', x: 150, y: 140 }, { name: 'Edge', x: 1, y: 50 }], size);
  assert.deepEqual(kept.map((one) => one.name), ['Leeds', 'Otley']);
});
