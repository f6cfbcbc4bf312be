/** What came with a message, as cards. Nothing is fetched by itself, and no provider's address is ever loaded here. */

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { openDialog } from '../dialog.js';
import { plain } from '../visible_text.js';
import { word } from '../visible_text_view.js';
import { t } from '../words.js';

const NAME_SHOWN = 80;
const DIGITS = 5;
const VEILED = ['image', 'video'];

/**
 * @param {any} line whose `attachments` are MediaReference each
 * @param {{contact: any, looking: import('./looking.js').Looking}} how
 */
export function attachmentCards(line, how) {
  if (!line.attachments?.length) return nothing;
  return html`<ul class="attachments" aria-label=${t('conversation.attachments')}>${line.attachments.map((one, at) => card(one, line, at + 1, how))}</ul>`;
}

function card(one, line, number, { contact, looking }) {
  const name = one.name ? cut(plain(one.name)) : '';
  const facts = [one.content_type && plain(one.content_type), one.size_bytes != null && size(one.size_bytes)].filter(Boolean);
  const look = looking.of(line.id, number);
  const does = doing(one, look);
  const what = [kind(one), name].filter(Boolean).join(' ');
  return html`<li class="attachment" data-stage=${look?.stage ?? 'none'}>
    <div class="attachment-head">
      <span class="attachment-said"><strong>${kind(one)}</strong>${name ? html` <bdi dir="auto">${name}</bdi>` : nothing}
        ${facts.length ? html`<span class="number">${facts.join(' · ')}</span>` : nothing}
        ${look ? nothing : html`<span class="quiet">${t(VEILED.includes(sort(one)) ? 'attachments.not_yet' : 'attachments.not_yet_file')}</span>`}</span>
      ${look?.clear && look.facts.sort === 'picture' ? html`<button type="button" class="button small" @click=${() => enlarge(look)}>${t('attachments.larger')}</button>` : nothing}
      <button type="button" class="button small" aria-label=${t('attachments.button', { does, what })} aria-disabled=${look?.stage === 'fetching'}
        @click=${() => looking.press(contact.contact.id, line.id, number)}>${does}</button>
    </div>
    ${look?.stage === 'failed' ? html`<p class="flag">${look.trouble}</p>` : nothing}
    ${look?.stage === 'here' ? shown(look, looking) : nothing}</li>`;
}

/** What the button does next. One button, so that the focus stays where it was pressed. */
function doing(one, look) {
  if (!look) return t({ image: 'attachments.look', video: 'attachments.look', audio: 'attachments.listen' }[sort(one)] ?? 'attachments.fetch');
  if (look.stage === 'fetching') return t('attachments.fetching');
  if (look.stage === 'failed') return t('attachments.again');
  if (look.facts.sort === 'file' || look.unplayable) return t('attachments.save');
  if (look.clear) return t('attachments.hide');
  return t(look.facts.sort === 'sound' ? 'attachments.show' : 'attachments.show_clearly');
}

function shown(look, looking) {
  const { facts } = look;
  return html`${facts.sort === 'file' ? nothing : html`<div class="frame ${look.clear ? '' : 'veiled'}">${media(look, looking)}</div>`}
    ${look.unplayable ? html`<p class="quiet">${t('attachments.cannot_play')}</p>` : nothing}
    ${facts.sort === 'file' || look.unplayable ? html`<p class="flag">${t('attachments.warning')}</p>` : nothing}
    ${facts.moves ? html`<p class="quiet">${t('attachments.first_frame')}</p>` : nothing}
    ${facts.latitude === undefined ? nothing
      : html`<p class="number stated-place">${t('attachments.stated_place', { latitude: facts.latitude.toFixed(DIGITS), longitude: facts.longitude.toFixed(DIGITS) })}</p>`}`;
}

function media(look, looking) {
  const { facts, url, clear } = look;
  if (look.unplayable) return nothing;
  const failed = () => looking.cannotPlay(look);
  if (facts.sort === 'picture')
    return html`<img src=${url} width=${facts.width} height=${facts.height} alt=${t(clear ? 'attachments.alt_clear' : 'attachments.alt_blurred')}>`;
  if (facts.sort === 'video')
    return html`<video src=${url} preload="metadata" ?controls=${clear} .muted=${!clear} aria-label=${t(clear ? 'attachments.video_clear' : 'attachments.video_blurred')} @error=${failed}></video>`;
  return clear ? html`<audio src=${url} controls preload="metadata" aria-label=${t('attachments.sound')} @error=${failed}></audio>` : nothing;
}

/** As large as the screen lets it: a number on a door may be all there is. */
function enlarge({ url, facts }) {
  return openDialog(t('attachments.alt_clear'), (close) => html`<p><button type="button" class="button" @click=${() => close()}>${t('attachments.close')}</button></p>
    <img class="larger" src=${url} width=${facts.width} height=${facts.height} alt=${t('attachments.alt_clear')}>`);
}

/** What it says it is: providers call all of it a file or an address. */
function sort(one) {
  return /^(image|video|audio)\//u.exec(one.content_type ?? '')?.[1] ?? one.kind;
}

function kind(one) {
  return word(`conversation.media_${sort(one)}`, t('conversation.media_file'));
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
