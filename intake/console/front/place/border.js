/** Near a border: which rooms it may be, how likely each, what to ask. And who is abroad. */

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { chances } from './format.js';
import { t } from '../words.js';

/** The services whose room is in doubt. */
export function doubtful(route) {
  return (route?.decisions ?? []).filter((one) => one.border && one.candidates.length > 1);
}

/** @param {any} route GET /contacts/{id}/route  @param {string} language the caller's  @param {(text: string) => void} suggest */
export function borderBox(route, language, suggest) {
  const near = doubtful(route);
  const question = near[0]?.border_question[language] ?? near[0]?.border_question.en;
  if (!near.length) return nothing;
  return html`<section class="border" aria-label=${t('place.border')}>
    <h3>${t('place.border')}</h3>
    ${near.map(
      (one) => html`<p>${t(`place.service_${one.service.replace('-', '_')}`)}: ${t(advice(one))}</p>
        <ul class="chances">${chances(one).map(
          (room) => html`<li><span class="area-key ${room.chosen ? 'chosen' : 'other'}"></span>
            ${room.name} <strong class="number">${room.percent ? `${room.percent} %` : t('place.within_reach')}</strong>${room.chosen ? html` · ${t('place.border_chosen')}` : nothing}</li>`,
        )}</ul>`,
    )}
    ${question ? html`<button type="button" class="button" data-suggest="border" @click=${() => suggest(question)}>${t('place.border_ask', { question })}</button>` : nothing}
  </section>`;
}

function advice(decision) {
  const first = decision.candidates[0];
  if (decision.room_id === first.room_id && first.probability >= 0.5) return 'place.border_send';
  return decision.is_default ? 'place.border_too_close' : 'place.border_likeliest';
}

/** The emergency route of the country the caller seems to be in. */
export function abroadBox(route, language, suggest) {
  const abroad = (route?.decisions ?? []).find((one) => one.abroad)?.abroad;
  if (!abroad) return nothing;
  const words = language === 'cy' ? abroad.advice_cy : abroad.advice_en;
  return html`<section class="warning" aria-label=${t('place.abroad')}>
    <h3>${t('place.abroad')}</h3>
    <p>${t('place.abroad_numbers')} <strong class="number">${abroad.numbers.join(', ')}</strong></p>
    <p>${words}${abroad.reviewed ? nothing : html` <span class="quiet">${t('place.unreviewed')}</span>`}</p>
    <button type="button" class="button" data-suggest="abroad" @click=${() => suggest(words)}>${t('place.use_as_reply')}</button>
  </section>`;
}
