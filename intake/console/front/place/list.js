/** Each hypothesis in words: who says so, how good, how old, whose it is. */

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { repeat } from '/libraries/lit-html/directives/repeat.js';
import { LIVE } from './geometry.js';
import { length, listed } from './format.js';
import { momentOf, radiusNow_m, ringStyle, whoseOf } from './model.js';
import { clock, lasted, now } from '../times.js';
import { t } from '../words.js';

export const LISTED = 5;
const METHODS = { gps: 'gnss', '802.11': 'wifi', cell: 'cell', 'device-assisted': 'fused', manual: 'manual', derived: 'derived' };
/** Actors that are no persons: the source names them already. */
const UNSAID = new Set(['triage', 'intake', 'caller', 'link', 'automatic']);

/** `phone's fix · satellite` */
export function sourceWords(place) {
  const method = METHODS[place.method];
  const source = t(`place.source_${place.source}`);
  return method && place.source !== 'handler' ? `${source} · ${t(`place.method_${method}`)}` : source;
}

export function whoseWords(whose) {
  return t(`place.whose_${whose || 'unsaid'}`);
}

/** `±18 m (95 %)`, and what age has made of it where that is more. */
export function radiusWords(one, fused, now_ms) {
  const grown_m = radiusNow_m(one, fused, now_ms);
  const measured = t('place.radius', { radius: length(one.place.radius_m) });
  return grown_m > one.place.radius_m * 1.2 ? t('place.radius_grown', { measured, now: length(grown_m) }) : measured;
}

/** Which rows stand in the list, and are drawn: a live trail's older fixes are not. */
export function shownRows(rows, marks, answers, isWhole) {
  const kept = new Set([answers.caller, answers.incident, ...marks.keys()].filter(Boolean));
  return listed(rows, kept, isWhole ? Infinity : LISTED, (source) => !isWhole && LIVE.has(source));
}

/**
 * @param {{rows: any[], more: number, marks: Map<string, any[]>, answers: {caller: string, incident: string},
 *          fused: any, selected: string, lit: string, select: (id: string) => void, light: (id: string) => void,
 *          showAll: () => void}} list
 */
export function hypothesisList(list) {
  const { rows, more } = list;
  if (!rows.length) return nothing;
  return html`<fieldset class="hypotheses">
      <legend>${t('place.hypotheses', { count: rows.length + more })}</legend>
      ${repeat(rows, (one) => one.id, (one) => hypothesis(one, list))}
    </fieldset>
    ${more ? html`<button type="button" class="button small" @click=${list.showAll}>${t('place.show_all', { count: more })}</button>` : nothing}`;
}

function hypothesis(one, { marks, answers, fused, selected, lit, select, light }) {
  const { place } = one;
  const answered = ['caller', 'incident'].filter((side) => answers[side] === one.id);
  const both = answered.length === 2;
  const style = ringStyle(place);
  return html`<label class="hypothesis ${lit === one.id ? 'lit' : ''}" data-place=${one.id} data-ring=${style}
      @mouseenter=${() => light(one.id)} @mouseleave=${() => light('')}>
    <input type="radio" name="hypothesis" .checked=${selected === one.id} @change=${() => select(one.id)}
      @focus=${() => light(one.id)} @blur=${() => light('')}>
    <span class="ring-key ${style}" role="img" aria-label=${t(`place.ring_${style}`)}></span>
    <span class="what"><strong>${sourceWords(place)}</strong>${place.clue ? html` “<bdi>${place.clue}</bdi>”` : nothing}
      <span class="number">${radiusWords(one, fused, now())}</span>
      · <span class="number">${t('place.ago', { age: lasted((now() - Date.parse(momentOf(one))) / 1_000) })}</span>
      · ${whoseWords(whoseOf(place))}${saidBy(one)}
      ${both ? mark(t('place.acts_both')) : answered.map((side) => mark(t(`place.acts_${side}`)))}
      ${(marks.get(one.id) ?? []).filter((said) => said.current).map((said) => mark(t(`place.accepted_${said.whose || 'both'}`, { by: said.by, at: clock(said.at) })))}
      ${whyNot(one, fused)}</span>
  </label>`;
}

const mark = (text) => html`<span class="place-mark">${text}</span> `;

function saidBy(one) {
  const parts = [];
  const [kind, name] = one.said_by.split(':');
  if (kind === 'message') parts.push(t('place.said_by_message'));
  else if (kind === 'geocoder') parts.push(t('place.said_by_geocoder', { by: name }));
  else if (!UNSAID.has(kind)) parts.push(t('place.said_by', { by: one.said_by }));
  if (one.joined_by) parts.push(t(`place.joined_${one.joined_by.replace(/[^a-z]+/g, '_')}`));
  return parts.length ? ` · ${parts.join(' · ')}` : '';
}

function whyNot(one, fused) {
  const aside = fused.set_aside.find((other) => other.id === one.id);
  return aside ? html`<span class="quiet why">${aside.why[document.documentElement.lang === 'cy' ? 'cy' : 'en']}</span>` : nothing;
}
