/** Which of the queue to see: buttons with counts, and two lists. What is chosen outlives a reload. */

import { html } from '/libraries/lit-html/lit-html.js';
import { repeat } from '/libraries/lit-html/directives/repeat.js';
import { channelName } from './words.js';
import { t } from '../words.js';

const KEPT = 'intake-queue-filter';

/** Name, what the server is asked for, and the key of its count. */
const PLAIN = [
  ['all', {}],
  ['silent', { silent: true }],
  ['cy', { language: 'cy' }],
  ['other', { language: 'other' }],
  ['no_place', { no_place: true }],
  ['unreachable', { unreachable: true }],
];

export class Filters {
  /** @param {() => void} changed called after each choice */
  constructor(changed) {
    this.changed = changed;
    this.chosen = { plain: 'all', channel: '', region: '' };
    try {
      Object.assign(this.chosen, JSON.parse(sessionStorage.getItem(KEPT) ?? '{}'));
    } catch {
      // what was kept cannot be read: the whole queue is shown
    }
  }

  /** As the live line takes it. */
  asked() {
    const { plain, channel, region } = this.chosen;
    const found = { ...(PLAIN.find(([name]) => name === plain)?.[1] ?? {}) };
    if (channel) found.channel = channel;
    if (region) found.region = region;
    return found;
  }

  isNarrow() {
    return this.chosen.plain !== 'all' || Boolean(this.chosen.channel || this.chosen.region);
  }

  choose(change) {
    Object.assign(this.chosen, change);
    sessionStorage.setItem(KEPT, JSON.stringify(this.chosen));
    this.changed();
  }

  clear() {
    this.choose({ plain: 'all', channel: '', region: '' });
  }

  /** @param {any} counts the live line's `filters` */
  view(counts) {
    const button = ([name]) => html`<button type="button" class="button filter" data-filter=${name}
      aria-pressed=${this.chosen.plain === name ? 'true' : 'false'} @click=${() => this.choose({ plain: name })}
      >${t(`queue.filter_${name}`)} <span class="number">${counts?.[name] ?? '–'}</span></button>`;
    return html`<div class="filters" role="group" aria-label=${t('queue.filters')}>
      ${PLAIN.map(button)}
      ${this.list('channel', counts?.channels, (name) => channelName(name, t))}
      ${this.list('region', counts?.regions, (name) => name || t('queue.region_none'))}
    </div>`;
  }

  list(which, counts, label) {
    const chosen = this.chosen[which];
    const names = new Set(Object.keys(counts ?? {}).filter((name) => name));
    if (chosen) names.add(chosen);
    return html`<select aria-label=${t(`queue.by_${which}`)} class=${chosen ? 'narrow' : ''}
      @change=${(event) => this.choose({ [which]: event.target.value })}>
      <option value="" ?selected=${!chosen}>${t(`queue.every_${which}`)}</option>
      ${repeat([...names].sort(), (name) => name, (name) =>
        html`<option value=${name} ?selected=${name === chosen}>${label(name)} ${counts?.[name] ?? 0}</option>`)}
    </select>`;
  }
}
