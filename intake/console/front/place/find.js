/** A place that the handler types or points at: read by the server, shown on the map, then accepted like any other. */

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { length } from './format.js';
import { refused, told } from '../told.js';
import { t } from '../words.js';

export const PIN_RADIUS_M = 50;

export class PlaceFinder {
  /** @param {any} desk  @param {() => void} changed  @param {(place: any) => void} look */
  constructor(desk, changed, look) {
    Object.assign(this, { desk, changed, look });
    this.forget();
  }

  /** Another contact: nothing of the last one's stays. */
  forget() {
    this.asked = (this.asked ?? 0) + 1;
    this.proposal = null;
    this.found = null;
    this.trouble = '';
  }

  /** A click on the map, or its centre. */
  pin({ latitude, longitude }) {
    this.propose({ latitude, longitude, radius_m: PIN_RADIUS_M, clue: '', kind: 'pin' });
  }

  propose(place) {
    this.proposal = { ...place, id: 'proposal' };
    this.changed();
    this.desk.say(t('place.proposed', { place: proposalWords(place) }));
  }

  drop() {
    this.proposal = null;
    this.changed();
  }

  /** Ask the server what these words name. Of one place the answer is proposed at once. */
  async read(text) {
    const number = ++this.asked;
    this.found = null;
    this.trouble = '';
    try {
      const found = await this.desk.api.post('/places/read', { text });
      if (number !== this.asked) return;
      this.found = found;
      if (found.places.length === 1) this.take(found.places[0]);
      else this.desk.say(found.places.length ? t('place.found_several', { count: found.places.length }) : t('place.found_none'));
    } catch (error) {
      if (number === this.asked) this.trouble = error.status === 0 ? t('place.no_answer') : refused(error);
    }
    this.changed();
  }

  take(place) {
    this.propose(place);
    this.look(place);
  }

  box() {
    const submit = (event) => {
      event.preventDefault();
      const text = event.currentTarget.elements.words.value.trim();
      if (text) this.read(text);
    };
    return html`<form class="find" @submit=${submit}>
        <label for="place-words">${t('place.find')}</label>
        <span class="place-line"><input id="place-words" name="words" maxlength="500" autocomplete="off" spellcheck="false"
          aria-describedby="place-words-hint"><button class="button small">${t('place.find_button')}</button></span>
        <span class="quiet hint" id="place-words-hint">${t('place.find_hint')}</span>
      </form>
      ${this.trouble ? html`<p class="notice">${this.trouble}</p>` : nothing}
      ${this.found ? this.answer() : nothing}`;
  }

  answer() {
    const { places, unknown, welsh } = this.found;
    if (!places.length) {
      return html`<p class="notice">${t('place.found_none')}${unknown.map((note) => html`<br><span class="quiet">${told(note, welsh)}</span>`)}</p>`;
    }
    if (places.length === 1) return nothing;
    return html`<ul class="found">${places.map(
      (place) => html`<li><button type="button" class="button small" @click=${() => this.take(place)}>${t('place.show_found')}</button>
        ${proposalWords(place)}${place.note ? html` <span class="quiet">${told(place.note, welsh)}</span>` : nothing}</li>`,
    )}</ul>`;
  }
}

/** `“LS1 4AP” ±150 m`, or the position of a pin */
export function proposalWords(place) {
  const radius = t('place.radius', { radius: length(place.radius_m) });
  const named = place.clue ? `“${place.clue}”` : t('place.pin_at', { place: `${place.latitude.toFixed(5)}, ${place.longitude.toFixed(5)}` });
  return `${named} ${radius}`;
}
