/** What lies under the rings: the country's outline, nearer the true shore and borders, tiles where they are set up. */

import * as L from '/libraries/leaflet/dist/leaflet-src.esm.js';
import { decodeOutline, holds, padded, uncrowded } from './geometry.js';

/** From this zoom on the shore and the borders are asked of the server for the window that is seen. */
const NEAR_ZOOM = 8;
const AIR = 0.75;
const WAIT_MS = 150;
const RETRY_MS = 15_000;
/** Our server asks for a tile that failed again after 20 s. */
const TILES_AGAIN_MS = 25_000;

let outline = null;

/** The outline of the whole country, fetched once for the page; [] where it does not come. */
async function countryOutline() {
  outline ??= fetch('/front/place/map_outline.json')
    .then((answer) => (answer.ok ? answer.json() : { parts: 1, rings: [] }))
    .then(decodeOutline)
    .catch(() => []);
  return outline;
}

export class MapGround {
  /** @param {any} map a Leaflet map  @param {() => void} changed what `marks` says may be another */
  constructor(map, api, changed) {
    Object.assign(this, { map, api, changed });
    this.rings = [];
    this.near = null;
    this.service = 'police';
    this.chances = [];
    this.attributions = new Set();
    this.shownTiles = new Set();
    this.failedTiles = new Set();
    /** Whether pictures of streets lie under it all now, and whether any of them is missing. */
    this.hasTiles = false;
    this.tilesFail = false;
    map.createPane('ground').style.zIndex = '250';
    map.createPane('areas').style.zIndex = '260';
    // Canvases lie over each other: only the topmost may be asked where the pointer is.
    for (const pane of ['ground', 'areas']) map.getPane(pane).classList.add('under');
    this.renderer = L.canvas({ pane: 'ground', padding: 0.3 });
    this.areaRenderer = L.canvas({ pane: 'areas', padding: 0.3 });
    this.layers = L.layerGroup().addTo(map);
    this.names = L.layerGroup().addTo(map);
    map.on('moveend', () => this.moved());
    countryOutline().then((rings) => {
      this.rings = rings;
      this.redraw();
    });
    this.about();
  }

  /** Whether there are tiles, and whose. */
  async about() {
    try {
      const about = await this.api.get('/map');
      if (!about.tiles) return;
      this.attributions.add(about.tiles_attribution);
      const tiles = L.tileLayer(about.tiles, { maxZoom: 19, className: 'tiles' });
      tiles.on('tileload', ({ tile }) => this.shownTiles.add(tile));
      tiles.on('tileerror', ({ tile }) => this.failedTiles.add(tile));
      tiles.on('tileunload', ({ tile }) => [this.shownTiles, this.failedTiles].forEach((of) => of.delete(tile)));
      // The first that fails is said at once; that they are there, when all that are seen have been answered.
      tiles.on('tileerror load', () => this.settle());
      this.tiles = tiles.addTo(this.map);
    } catch {
      // A map without tiles is a map; the desk says itself when the server does not answer.
    }
  }

  /** Where tiles are missing the outline is drawn, over nothing that has come; they are asked for again. */
  settle() {
    const [are, fail] = [this.shownTiles.size > 0, this.failedTiles.size > 0];
    clearTimeout(this.again);
    if (fail) this.again = setTimeout(() => this.tiles.redraw(), TILES_AGAIN_MS);
    if (are === this.hasTiles && fail === this.tilesFail) return;
    this.hasTiles = are;
    this.tilesFail = fail;
    this.changed();
    this.redraw();
    this.drawNames();
  }

  /** @param {Record<string, string>} colours  @param {{id: string, chosen: boolean}[]} chances */
  draw(colours, chances, service) {
    this.colours = colours;
    this.chances = chances;
    if (service !== this.service) {
      this.service = service;
      this.near = null;
    }
    this.redraw();
    this.moved();
  }

  moved() {
    clearTimeout(this.timer);
    this.redrawIfElsewhere();
    this.drawNames();
    if (this.map.getZoom() < NEAR_ZOOM || this.covers()) return;
    this.timer = setTimeout(() => this.fetchNear(), WAIT_MS);
  }

  seen() {
    const bounds = this.map.getBounds();
    return [[bounds.getSouth(), bounds.getWest()], [bounds.getNorth(), bounds.getEast()]];
  }

  /** Whether what was fetched is of this place and fine enough for it. */
  covers() {
    if (!this.near || this.near.service !== this.service) return false;
    return holds(this.near.window, this.seen()) && this.near.zoom >= this.map.getZoom() - 2;
  }

  async fetchNear() {
    if (this.fetching || performance.now() < (this.restUntil ?? 0)) return;
    const [service, zoom, window_] = [this.service, this.map.getZoom(), padded(this.seen(), AIR)];
    const [[south, west], [north, east]] = window_;
    const query = new URLSearchParams({ service, south: south.toFixed(3), west: west.toFixed(3), north: north.toFixed(3), east: east.toFixed(3) });
    this.fetching = true;
    try {
      const { land, areas, towns, grid, grid_m } = await this.api.get(`/areas?${query}`);
      this.near = { window: window_, zoom, service, land, areas, towns, grid, grid_m };
      this.redraw();
      this.drawNames();
      this.changed();
    } catch {
      this.restUntil = performance.now() + RETRY_MS; // the country's outline stays
    } finally {
      this.fetching = false;
    }
    this.moved();
  }

  redrawIfElsewhere() {
    if (this.isNear !== this.covers()) this.redraw();
  }

  redraw() {
    if (!this.colours) return;
    const { land, shore, line, ring, chosen, warn, quiet } = this.colours;
    this.layers.clearLayers();
    this.isNear = this.covers();
    const still = { interactive: false, smoothFactor: 1.5 };
    const rings = this.isNear ? this.near.land : this.rings;
    const bare = !this.hasTiles;
    L.polygon(rings, { ...still, renderer: this.renderer, color: shore, weight: 1, stroke: bare || this.tilesFail, fill: bare, fillColor: land, fillOpacity: 1 }).addTo(this.layers);
    for (const part of this.isNear ? this.near.grid : []) {
      L.polyline(part, { ...still, renderer: this.areaRenderer, color: quiet, weight: 1, opacity: 0.3 }).addTo(this.layers);
    }
    for (const area of this.isNear ? this.near.areas : []) {
      const chance = this.chances.find((one) => one.id === area.room_id);
      L.polygon(area.rings, {
        ...still, renderer: this.areaRenderer, color: chance ? ring : line, weight: chance ? 2 : 1,
        dashArray: '6 4', fill: Boolean(chance), fillColor: chance?.chosen ? chosen : warn, fillOpacity: 0.55,
      }).addTo(this.layers);
    }
  }

  /** Towns that are seen, the largest first, no name over another; more on them than their words is nowhere. */
  drawNames() {
    this.names.clearLayers();
    if (!this.covers() || this.hasTiles) return;
    const size = this.map.getSize();
    const points = this.near.towns.map(([name, latitude, longitude]) => {
      const { x, y } = this.map.latLngToContainerPoint([latitude, longitude]);
      return { name, latitude, longitude, x, y };
    });
    for (const town of uncrowded(points, size)) {
      const words = document.createElement('span');
      words.textContent = town.name;
      const icon = L.divIcon({ className: 'town', html: words, iconSize: [0, 0] });
      L.marker([town.latitude, town.longitude], { icon, interactive: false, keyboard: false, zIndexOffset: -1000 }).addTo(this.names);
    }
  }

  /** How far apart the lines of the OS grid are that are drawn now, 0 for none. */
  get grid_m() {
    return this.isNear ? this.near.grid_m : 0;
  }
}
