/** Circles, distances and windows on the ground. Pure: no page, no clock. Degrees are WGS84. */

const EARTH_M = 6_371_008.8;
const DEGREE_M = (Math.PI / 180) * EARTH_M;
/** Sources that measure where a phone is; by GNSS or by the network. */
const NETWORK = new Set(['802.11', 'cell']);
const PHONE = new Set(['device', 'aml', 'chat_live', 'link', 'link_live']);
export const LIVE = new Set(['chat_live', 'link_live']);
export const TRAIL_POINTS = 20;
/** Who is seen to ride is followed no further than this. */
const RIDDEN_MOST_M = 150_000;

/** Metres along the ground between two places with latitude and longitude. */
export function distance_m(one, other) {
  const radians = Math.PI / 180;
  const [a, b] = [one.latitude * radians, other.latitude * radians];
  const [half_north, half_east] = [(b - a) / 2, ((other.longitude - one.longitude) * radians) / 2];
  const share = Math.sin(half_north) ** 2 + Math.cos(a) * Math.cos(b) * Math.sin(half_east) ** 2;
  return 2 * EARTH_M * Math.asin(Math.min(1, Math.sqrt(share)));
}

/** [[south, west], [north, east]] of a circle; a bit of air about it. */
export function boundsOf(place, radius_m = place.radius_m) {
  const reach_m = Math.min(2_000_000, Math.max(40, radius_m * 1.15));
  const north = reach_m / DEGREE_M;
  const east = north / Math.max(0.05, Math.cos((place.latitude * Math.PI) / 180));
  return [
    [place.latitude - north, place.longitude - east],
    [place.latitude + north, place.longitude + east],
  ];
}

/** The bounds that hold all of these bounds; null for none. */
export function around(all) {
  if (!all.length) return null;
  const least = (side, axis) => Math.min(...all.map((one) => one[side][axis]));
  const most = (side, axis) => Math.max(...all.map((one) => one[side][axis]));
  return [
    [least(0, 0), least(0, 1)],
    [most(1, 0), most(1, 1)],
  ];
}

/** Bounds grown on each side by a part of their own size. */
export function padded([[south, west], [north, east]], part) {
  const [up, out] = [(north - south) * part, (east - west) * part];
  return [
    [Math.max(-90, south - up), Math.max(-180, west - out)],
    [Math.min(90, north + up), Math.min(180, east + out)],
  ];
}

/** Whether the first bounds hold the second whole. */
export function holds(outer, inner) {
  return (
    outer[0][0] <= inner[0][0] && outer[0][1] <= inner[0][1] && outer[1][0] >= inner[1][0] && outer[1][1] >= inner[1][1]
  );
}

/** `gnss` solid, `network` dashed, `said` dotted, `chosen` for a handler's choice: how its ring is drawn. */
export function ringStyle(place) {
  if (place.source === 'handler') return 'chosen';
  if (PHONE.has(place.source)) return NETWORK.has(place.method) ? 'network' : 'gnss';
  return place.source === 'chat_pin' ? 'gnss' : 'said';
}

/** Whose place it is: what was said, or for a phone's own measurement the caller. */
export function whoseOf(place) {
  return place.whose || (PHONE.has(place.source) ? 'caller' : '');
}

/** The radius in metres at 95 % after `age_s` more seconds: `grows` is {m_s, most_m} of its source. */
export function grownRadius_m(place, age_s, grows, rides_m_s = 0) {
  if (!grows || !(age_s > 0)) return place.radius_m;
  const rides = PHONE.has(place.source) && rides_m_s > grows.m_s;
  const moved_m = rides ? Math.min(RIDDEN_MOST_M, rides_m_s * age_s) : Math.min(grows.most_m, grows.m_s * age_s);
  return place.radius_m + moved_m;
}

/** The last fixes of a live source, oldest first, as [latitude, longitude]; empty below two. */
export function trailOf(hypotheses) {
  const at = (one) => Date.parse(one.place.positioned_at ?? one.received_at);
  const live = hypotheses.filter((one) => LIVE.has(one.place.source)).sort((a, b) => at(a) - at(b));
  return live.length < 2 ? [] : live.slice(-TRAIL_POINTS).map((one) => [one.place.latitude, one.place.longitude]);
}

/** The rings of an outline file ([longitude, latitude, step, step, …] in `parts` of a degree) as [latitude, longitude]. */
export function decodeOutline({ parts, rings }) {
  return rings.map((steps) => {
    const ring = [];
    let [east, north] = [0, 0];
    for (let at = 0; at + 1 < steps.length; at += 2) {
      east += steps[at];
      north += steps[at + 1];
      ring.push([north / parts, east / parts]);
    }
    return ring;
  });
}

/** A length of the scale bar: the largest round one that is no longer than `most_m`. */
export function roundLength_m(most_m) {
  const power = 10 ** Math.floor(Math.log10(most_m));
  return power * ([5, 2, 1].find((step) => step * power <= most_m) ?? 1);
}

/** Those of the named points, in their order, whose names do not lie over one taken before; x and y in pixels. */
export function uncrowded(points, size, most = 12) {
  const taken = [];
  for (const point of points) {
    const wide = point.name.length * 6.5 + 6;
    if (taken.length >= most || point.x < wide / 2 || point.y < 12 || point.x > size.x - wide / 2 || point.y > size.y - 24) continue;
    const clear = taken.every((other) => Math.abs(other.y - point.y) > 16 || Math.abs(other.x - point.x) > (wide + other.wide) / 2);
    if (clear) taken.push({ ...point, wide });
  }
  return taken;
}
