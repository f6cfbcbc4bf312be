/** The map: land and borders of our own, rings and pins. All it shows also stands as text beside it. */

import * as L from '/libraries/leaflet/dist/leaflet-src.esm.js';
import { around, boundsOf } from './geometry.js';
import { MapGround } from './map_ground.js';

/** How each kind of ring is drawn: solid, dashed, dotted. */
const DASHES = { gnss: null, network: '8 6', said: '1 6', chosen: null };
/** How near the map goes by itself: without tiles nothing is to be seen of a street. */
const CLOSEST = 16;
const CLOSEST_BARE = 14;
const AIR = { paddingTopLeft: [16, 34], paddingBottomRight: [16, 12] };
const FURTHEST = 4;
const BRITAIN = [[49.8, -8.7], [60.9, 1.9]];

/**
 * @typedef {{id: string, latitude: number, longitude: number, radius_m: number, style: string, answers: boolean,
 *            aged_m?: number}} Ring
 * @typedef {{latitude: number, longitude: number, letter: string, kind: string}} Pin
 * @typedef {{rings: Ring[], pins: Pin[], trail: number[][], proposal: Ring | null, fit: string[],
 *            chances: {id: string, chosen: boolean}[], service: string}} Model
 */

export class PlaceMap {
  /** @param {HTMLElement} element  @param {{api: any, pick: (place: any) => void, hover: (id: string) => void,
   *   moved: () => void}} told */
  constructor(element, told) {
    this.told = told;
    this.map = L.map(element, {
      preferCanvas: true, zoomControl: false, attributionControl: false, scrollWheelZoom: false,
      minZoom: FURTHEST, maxZoom: 19, zoomAnimation: false, fadeAnimation: false, markerZoomAnimation: false,
      maxBounds: [[40, -30], [68, 20]], inertia: false, bounceAtZoomLimits: false,
    });
    /** True once a person moved the map: it does not jump from then on until they ask. */
    this.byHand = false;
    this.quietly(() => this.map.fitBounds(BRITAIN));
    this.ground = new MapGround(this.map, told.api, told.moved);
    this.drawn = L.layerGroup().addTo(this.map);
    this.ringLayers = new Map();
    L.control.scale({ imperial: false, maxWidth: 90, position: 'bottomleft' }).addTo(this.map);
    this.map.on('movestart zoomstart', () => this.movedByHand());
    this.map.on('click', (event) => told.pick({ latitude: event.latlng.lat, longitude: event.latlng.wrap().lng }));
    new ResizeObserver(() => this.quietly(() => this.resized())).observe(element);
    // A night theme is other colours on the canvas too.
    new MutationObserver(() => this.redraw()).observe(document.documentElement, { attributeFilter: ['data-theme'] });
  }

  movedByHand() {
    if (this.ours || this.byHand) return;
    this.byHand = true;
    this.told.moved();
  }

  /** Move the map without taking it for a person's hand. */
  quietly(move) {
    this.ours = true;
    try {
      move();
    } finally {
      this.ours = false;
    }
  }

  resized() {
    this.map.invalidateSize({ animate: false });
    if (!this.byHand && this.target) this.fitTo(this.target);
  }

  fitTo(bounds) {
    this.map.fitBounds(bounds, { animate: false, maxZoom: this.ground?.hasTiles ? CLOSEST : CLOSEST_BARE, ...AIR });
  }

  /** @param {Model} model @param {string} subject another one begins anew: the map fits itself again */
  show(model, subject) {
    if (subject !== this.subject) {
      this.subject = subject;
      this.byHand = false;
    }
    this.model = model;
    this.redraw();
    const fitted = model.rings.filter((one) => model.fit.includes(one.id));
    this.target = around(fitted.map((one) => boundsOf(one, one.radius_m))) ?? BRITAIN;
    if (!this.byHand) this.fit();
  }

  fit() {
    const asked = JSON.stringify(this.target);
    if (asked === this.fitted && !this.byHand) return;
    this.fitted = asked;
    this.quietly(() => this.fitTo(this.target));
  }

  recentre() {
    this.byHand = false;
    this.fitted = '';
    this.fit();
    this.told.moved();
  }

  zoom(by) {
    this.map.setZoom(this.map.getZoom() + by, { animate: false });
  }

  centre() {
    const { lat, lng } = this.map.getCenter();
    return { latitude: lat, longitude: lng };
  }

  /** Show about a place that was typed. */
  look(place) {
    this.byHand = true;
    this.quietly(() => this.fitTo(boundsOf(place, place.radius_m)));
    this.told.moved();
  }

  redraw() {
    const colours = colourNames();
    const { rings, pins, trail, proposal, chances, service } = this.model ?? { rings: [], pins: [], trail: [], proposal: null, chances: [], service: 'police' };
    this.ground.draw(colours, chances, service);
    this.drawn.clearLayers();
    this.ringLayers.clear();
    if (trail.length) L.polyline(trail, { color: colours.ring, weight: 2, opacity: 0.8, interactive: false }).addTo(this.drawn);
    for (const point of trail) L.circleMarker(point, { radius: 2, color: colours.ring, interactive: false }).addTo(this.drawn);
    for (const ring of rings) this.drawRing(ring, colours);
    if (proposal) this.drawRing({ ...proposal, style: 'said', answers: false }, { ...colours, ring: colours.text });
    for (const pin of [...pins, ...(proposal ? [{ ...proposal, letter: '?', kind: 'proposed' }] : [])]) this.drawPin(pin);
    this.highlight(this.lit ?? '');
  }

  drawRing(ring, colours) {
    const at = [ring.latitude, ring.longitude];
    if (ring.aged_m > ring.radius_m * 1.2) {
      L.circle(at, { radius: ring.aged_m, stroke: false, fillColor: colours.ring, fillOpacity: 0.08, interactive: false }).addTo(this.drawn);
    }
    const layer = L.circle(at, {
      radius: ring.radius_m, color: colours.ring, weight: ring.answers ? 3 : 2, dashArray: DASHES[ring.style],
      lineCap: ring.style === 'said' ? 'round' : 'butt', fillColor: colours.ring, fillOpacity: ring.answers ? 0.14 : 0.04,
      bubblingMouseEvents: true,
    }).addTo(this.drawn);
    L.circleMarker(at, { radius: 3, weight: 1, color: colours.land, fillColor: colours.ring, fillOpacity: 1, interactive: false }).addTo(this.drawn);
    layer.on('mouseover', () => this.told.hover(ring.id));
    layer.on('mouseout', () => this.told.hover(''));
    this.ringLayers.set(ring.id, { layer, ring });
  }

  drawPin(pin) {
    const shape = document.createElement('span');
    shape.textContent = pin.letter;
    const icon = L.divIcon({ className: `pin pin-${pin.kind}`, html: shape, iconSize: [22, 22], iconAnchor: [11, 28] });
    L.marker([pin.latitude, pin.longitude], { icon, interactive: false, keyboard: false }).addTo(this.drawn);
  }

  /** Draw one ring stronger, '' none. */
  highlight(id) {
    this.lit = id;
    for (const [ring_id, { layer, ring }] of this.ringLayers) {
      const is_lit = ring_id === id;
      layer.setStyle({ weight: is_lit ? 6 : ring.answers ? 3 : 2, fillOpacity: is_lit ? 0.3 : ring.answers ? 0.14 : 0.04 });
      if (is_lit) layer.bringToFront();
    }
  }
}

/** The theme's colours as they are now: a canvas knows no style sheet. */
function colourNames() {
  const style = getComputedStyle(document.documentElement);
  const names = ['sea', 'land', 'shore', 'ring', 'text', 'line', 'quiet', 'chosen', 'warn', 'link'];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}
