/** What came with a message, as cards that do nothing: no address of a provider is ever loaded by the browser. */

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { plain } from '../visible_text.js';
import { word } from '../visible_text_view.js';
import { t } from '../words.js';

const NAME_SHOWN = 80;

/** @param {any[]} attachments MediaReference each */
export function attachmentCards(attachments) {
  if (!attachments?.length) return nothing;
  return html`<ul class="attachments" aria-label=${t('conversation.attachments')}>${attachments.map(card)}</ul>`;
}

function card(one) {
  const name = one.name ? cut(plain(one.name)) : '';
  const facts = [one.content_type && plain(one.content_type), one.size_bytes != null && size(one.size_bytes)].filter(Boolean);
  return html`<li class="attachment">
    <span class="blurred" aria-hidden="true"></span>
    <span><strong>${kind(one)}</strong>${name ? html` <bdi dir="auto">${name}</bdi>` : nothing}
      ${facts.length ? html`<span class="number">${facts.join(' · ')}</span>` : nothing}
      <span class="quiet">${t('conversation.media_not_here')}</span></span></li>`;
}

/** By its type where that says more: providers call all of it a file or an address. */
function kind(one) {
  const sort = /^(image|video|audio)\//u.exec(one.content_type ?? '')?.[1] ?? one.kind;
  return word(`conversation.media_${sort}`, t('conversation.media_file'));
}

function cut(name) {
  const points = Array.from(name);
  // The ending tells what it is: it stays.
  return points.length > NAME_SHOWN ? `${points.slice(0, NAME_SHOWN - 12).join('')}…${points.slice(-11).join('')}` : name;
}

function size(bytes) {
  if (bytes < 1_000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
