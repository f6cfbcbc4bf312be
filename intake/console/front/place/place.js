/** The place panel: where the caller and the incident are, on a map and in words, and which of it is accepted. */

import { html, nothing, render } from '/libraries/lit-html/lit-html.js';
import { copyRow } from '../copy.js';
import { PlaceMap } from './map.js';
import { abroadBox, borderBox, doubtful } from './border.js';
import { PlaceFinder } from './find.js';
import { acceptBar, addPlaceCommands } from './accept.js';
import { degrees, length } from './format.js';
import { linkLife } from './link.js';
import { hypothesisList, shownRows, sourceWords } from './list.js';
import { areTwo, mapModel, momentOf, rowsOf } from './model.js';
import { lasted, now } from '../times.js';
import { t } from '../words.js';

/** In short; the page of licences has the whole of it. */
const ATTRIBUTION = '© OpenStreetMap contributors, GeoNames, ONS, OS';
/** The map is drawn again this often for circles that grow. */
const GROW_TICKS = 5;

export function mountPlace(root, desk) {
  new PlacePanel(root, desk).start();
}

export class PlacePanel {
  constructor(root, desk) {
    Object.assign(this, { root, desk });
    this.selected = '';
    this.lit = '';
    this.isWhole = false;
    this.subject = null;
    this.finder = new PlaceFinder(desk, () => this.draw(), (place) => this.map.look(place));
  }

  start() {
    addPlaceCommands(this, this.desk);
    this.draw();
    this.map = new PlaceMap(this.root.querySelector('.place-map'), {
      api: this.desk.api, pick: (place) => this.pick(place), hover: (id) => this.light(id), moved: () => this.draw(),
    });
    this.desk.state.watch(['shown', 'contacts', 'open', 'live'], () => this.changed());
    this.desk.state.watch(['tick'], () => this.ticked());
  }

  get contact() {
    return this.desk.open.shown();
  }

  ticked() {
    if (!this.contact) return;
    this.draw();
    if (this.desk.state.get('tick') % GROW_TICKS === 0) this.drawMap();
  }

  /** Another contact is shown, or more is known of it. */
  changed() {
    const shown = this.desk.state.get('shown');
    if (shown !== this.subject) {
      this.subject = shown;
      this.selected = '';
      this.isWhole = false;
      this.finder.forget();
      const box = this.root.querySelector('#place-words');
      if (box) box.value = '';
    }
    const contact = this.contact;
    if (contact) {
      const { rows, answers } = rowsOf(contact);
      if (!rows.some((one) => one.id === this.selected)) this.selected = answers[contact.fused.acts_on] || answers.caller || answers.incident || rows[0]?.id || '';
      this.askRoute(contact);
    }
    this.draw();
    this.drawMap();
  }

  /** Ask who would get it, again whenever what it stands on is another. */
  async askRoute(contact) {
    const { id, service } = contact.contact;
    const { caller, incident, acts_on } = contact.fused;
    const stands = JSON.stringify([id, service, acts_on, caller?.id, caller?.radius_m, incident?.id, incident?.radius_m]);
    if (stands === this.stands) return;
    this.stands = stands;
    const none = { id, decisions: [] };
    if (this.route?.id !== id) this.route = none;
    try {
      const route = await this.desk.api.get(`/contacts/${id}/route`);
      if (stands !== this.stands) return;
      this.route = { id, ...route };
      this.draw();
      this.drawMap();
    } catch {
      this.stands = ''; // asked again with the next change; the hand-over says what stops it
    }
  }

  /** A click on the map proposes a pin: only a button makes it a place. */
  pick(place) {
    if (this.contact && this.desk.open.ours()) this.finder.pin(place);
    this.drawMap();
  }

  select(id) {
    this.selected = id;
    this.finder.proposal = null;
    this.draw();
    this.drawMap();
  }

  light(id) {
    if (id === this.lit) return;
    this.lit = id;
    this.map.highlight(id);
    this.draw();
  }

  suggest(text) {
    this.desk.state.set('suggest_reply', { id: this.subject, text });
    this.desk.say(t('place.suggested'));
  }

  drawMap() {
    if (!this.map) return;
    const contact = this.contact;
    const near = doubtful(this.route)[0];
    const empty = { rings: [], pins: [], trail: [], proposal: null, fit: [], chances: [], service: 'police' };
    const model = contact
      ? mapModel(contact, {
          now_ms: now(), proposal: this.finder.proposal, shown: new Set(this.shown(contact).rows.map((one) => one.id)),
          letters: { caller: t('place.letter_caller'), incident: t('place.letter_incident') },
          chances: (near?.candidates ?? []).map((one) => ({ id: one.room_id, chosen: one.room_id === near.room_id })),
          service: ['police', 'fire', 'ambulance'].includes(near?.service) ? near.service : 'police',
        })
      : empty;
    this.map.show(model, contact ? this.subject : '');
  }

  shown(contact) {
    const { rows, marks, answers } = rowsOf(contact);
    return { ...shownRows(rows, marks, answers, this.isWhole), marks, answers };
  }

  draw() {
    const contact = this.contact;
    render(html`${this.title(contact)}${this.mapBox()}<div class="place-body">${contact ? this.body(contact) : html`<p class="quiet">${t('place.nothing_shown')}</p>`}</div>`, this.root);
  }

  title(contact) {
    const newest = contact?.places.map((one) => Date.parse(momentOf(one))).reduce((a, b) => Math.max(a, b), 0);
    return html`<h2 class="place-title">${t('place.title')}
      ${newest ? html`<span class="quiet number">${t('place.latest', { age: lasted((now() - newest) / 1_000) })}</span>` : nothing}
      ${contact?.fused.warnings.length ? html`<span class="apart">${t('place.apart')}</span>` : nothing}</h2>`;
  }

  mapBox() {
    const moved = this.map?.byHand;
    const ground = this.map?.ground;
    const zoom = (by) => this.map.zoom(by);
    return html`<div class="map-box">
      <div class="place-map" role="application" aria-label=${t('place.map_label')} aria-describedby="place-answers"></div>
      <div class="map-buttons">
        <button type="button" class="button" aria-label=${t('place.zoom_in')} @click=${() => zoom(1)}>+</button>
        <button type="button" class="button" aria-label=${t('place.zoom_out')} @click=${() => zoom(-1)}>−</button>
        ${moved ? html`<button type="button" class="button" @click=${() => this.map.recentre()}>${t('place.recentre')}</button>` : nothing}
      </div>
      ${ground?.grid_m ? html`<p class="map-grid">${t('place.grid_lines', { step: length(ground.grid_m) })}</p>` : nothing}
    </div>
    <p class="map-foot">${ground?.tilesFail ? html`<strong>${t('place.no_tiles')}</strong> · ` : nothing}<a href="/licences" target="_blank" rel="noopener">${[ATTRIBUTION, ...(ground?.attributions ?? [])].filter(Boolean).join(' · ')}</a></p>`;
  }

  body(contact) {
    const { fused, links } = contact;
    const language = contact.contact.language === 'cy' ? 'cy' : 'en';
    const list = this.shown(contact);
    return html`<div id="place-answers">${this.answers(contact)}</div>
      ${acceptBar(this, contact)}
      ${this.warnings(fused)}
      ${abroadBox(this.route, language, (text) => this.suggest(text))}
      ${borderBox(this.route, language, (text) => this.suggest(text))}
      ${hypothesisList({ ...list, fused, selected: this.finder.proposal ? '' : this.selected, lit: this.lit, select: (id) => this.select(id), light: (id) => this.light(id), showAll: () => { this.isWhole = true; this.changed(); } })}
      ${this.finder.box()}
      ${this.copies(fused, contact)}
      ${linkLife(links)}`;
  }

  /** Where they are, in one line each; the first thing that is read. */
  answers({ fused, places }) {
    const two = areTwo(fused);
    const sides = two ? ['caller', 'incident'] : [fused.incident && !fused.caller ? 'incident' : 'caller'];
    if (!fused.caller && !fused.incident) return html`<p class="no-place"><strong>${t('place.no_place')}</strong> ${t('place.no_place_next')}</p>`;
    return sides.map((side) => {
      const answer = fused[side];
      const place = places.find((one) => one.id === answer.id)?.place ?? answer;
      const why = answer.why[document.documentElement.lang === 'cy' ? 'cy' : 'en'];
      return html`<p class="answer" data-side=${side}><span class="letter letter-${side}" aria-hidden="true">${t(`place.letter_${side}`)}</span>
        <span><strong>${two ? t(`place.answer_${side}`) : t(fused.caller && fused.incident ? 'place.answer_both' : `place.answer_${side}`)}</strong>
        <strong class="number">${answer.named.grid || degrees(answer)} ${t('place.radius', { radius: length(answer.radius_m) })}</strong>
        <span class="quiet">${sourceWords(place)} · ${why}</span></span></p>`;
    });
  }

  warnings(fused) {
    if (!fused.warnings.length) return nothing;
    const language = document.documentElement.lang === 'cy' ? 'cy' : 'en';
    return html`<div class="warning" role="note"><h3>${t('place.contradictions')}</h3>
      <ul>${fused.warnings.map((said) => html`<li>${said[language]}</li>`)}</ul></div>`;
  }

  copies(fused, { places }) {
    const two = areTwo(fused);
    const sides = (two ? ['caller', 'incident'] : ['caller', 'incident'].slice(fused.caller ? 0 : 1, fused.caller ? 1 : 2)).filter((side) => fused[side]);
    if (!sides.length) return nothing;
    const say = (text) => this.desk.say(text);
    const named = (side, key) => (two ? `${t(`place.answer_${side}`)} ${t(key)}` : t(key));
    const written = places.filter((one) => one.place.clue && ['text_postcode', 'text_address', 'text_place', 'text_w3w', 'text_road'].includes(one.place.source));
    const words = [...new Set(written.map((one) => one.place.clue))].slice(-3);
    return html`<dl class="copies">${sides.map((side) => {
      const { grid, grid_kind, plus_code } = fused[side].named;
      return html`${copyRow(say, named(side, 'place.latlon'), degrees(fused[side]))}
        ${grid ? copyRow(say, named(side, `place.grid_${grid_kind}`), grid) : nothing}
        ${copyRow(say, named(side, 'place.plus_code'), plus_code)}`;
    })}${words.map((clue) => copyRow(say, t('place.written'), clue))}</dl>`;
  }
}
