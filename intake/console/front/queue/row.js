/** One line of the queue. */

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { channelName, marks, placeWords, quoted, serviceName, spoken, waitLevel, waitWords } from './words.js';
import { clock, now, since_s } from '../times.js';
import { t } from '../words.js';

/** `02:30` */
export const shortClock = (moment) => clock(moment).slice(0, 5);

/**
 * @param {any} row views.contact.QueueRow
 * @param {{me: string, offered: boolean, language: string, gone: boolean, active: boolean, place: number, total: number}} how
 */
export function rowView(row, how) {
  const waited_s = since_s(row.queued_at, now());
  const summary = quoted(row, t);
  const waits = !how.gone && row.claimable;
  const place = placeWords(row.place, t);
  const found = marks(row, how, t, shortClock);
  const state = how.gone ? 'gone' : row.claimed_by === how.me ? 'mine' : row.claimable ? '' : 'theirs';
  return html`<div class="row p${row.priority} ${state}" role="option" id="row-${row.id}" data-contact=${row.id}
    aria-selected=${how.active ? 'true' : 'false'} aria-posinset=${how.place} aria-setsize=${how.total}
    aria-label=${spoken(row, how, t, shortClock, waited_s)}>
    <span class="row-head"><span class="badge p${row.priority}">${row.priority}</span>
      <span class="row-what"><b>${serviceName(row.service, t)}</b> · ${channelName(row.channel, t)}</span>
      <span class="row-wait number ${waits ? `w${waitLevel(waited_s)}` : ''}">${waitWords(waited_s)}</span></span>
    <span class="row-text">${row.state === 'stale' ? nothing : where(row, place)}${found.map((one) => html`<span class="mark ${one.kind}">${one.words}</span>`)}${
      summary ? html`<bdi class="row-summary" title=${summary}>${summary}</bdi>` : nothing}</span>
  </div>`;
}

/** Of one that cannot be reached what was tried stands in its stead. */
const where = (row, place) => html`<span class="row-where"><bdi class="row-place ${row.place ? '' : 'none'}">${place.name}</bdi> <span class="row-radius number">${place.radius}</span></span>`;
