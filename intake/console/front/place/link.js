/** The life of a location link: what has happened, when, how good a place came of it, and what to do now. */

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { length, linkEnd, linkNext, linkSteps, linkTrouble } from './format.js';
import { clock, now } from '../times.js';
import { t } from '../words.js';

/** @param {any[]} links oldest first, as the console shows them */
export function linkLife(links) {
  const link = links.at(-1);
  if (!link) return html`<p class="quiet">${t('place.link_none')}</p>`;
  const next = linkNext(link, now());
  return html`<section class="link-life" aria-label=${t('place.link')}>
    <h3>${t(link.mode === 'live' ? 'place.link_live' : 'place.link')}${links.length > 1 ? html` <span class="quiet">${t('place.link_number', { count: links.length })}</span>` : nothing}</h3>
    <ol class="life">${linkSteps(link).map(
      ({ step, at }) => html`<li>${stepWords(link, step)} <span class="number">${clock(at)}</span></li>`,
    )}</ol>
    ${link.best_fix_m === null ? nothing : html`<p>${t('place.link_best', { radius: length(link.best_fix_m) })}</p>`}
    ${next ? html`<p class="next">${t(`place.${next}`)}</p>` : nothing}
  </section>`;
}

function stepWords(link, step) {
  if (step === 'sent') return t('place.link_sent', { by: link.sent_by });
  if (step === 'refused') return linkTrouble(link.trouble);
  if (step === 'ended') return linkEnd(link.ended_reason);
  return t(`place.link_${step}`);
}
