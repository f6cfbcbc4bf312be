/** The M/ETHANE summary as a form: proposed by the machine, written by a person, sent by F8. */

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { live } from '/libraries/lit-html/directives/live.js';
import { held, offers } from './methane_model.js';
import { t } from '../words.js';

const LONG = new Set(['exact_location', 'type_of_incident', 'hazards', 'access', 'emergency_services']);

/**
 * @param {{form: Record<string, any>, draft: any, summary: any}} at
 * @param {{input: (field: string, value: any) => void, takeNew: (field: string) => void, keepOld: (field: string) => void,
 *          focus: (field: string | null) => void}} act
 */
export function methaneForm({ form, draft, summary, fault }, act) {
  if (!summary) return html`<p class="quiet">${t('handover.summary_coming')}</p>`;
  const offered = offers(summary.prefill, draft.methane);
  return html`<section class="methane" aria-label=${t('handover.summary')}
      @focusin=${(event) => act.focus(event.target.name?.replace('methane-', '') ?? null)} @focusout=${() => act.focus(null)}>
    <h3>${t('handover.summary')} <span class="quiet">M/ETHANE</span></h3>
    <label class="methane-major"><input type="checkbox" name="methane-major" .checked=${live(form.major)}
      @change=${(event) => act.input('major', event.target.checked)}> <b>M</b> ${t('handover.field_major')}</label>
    ${['exact_location', 'type_of_incident', 'hazards', 'access', 'casualties', 'emergency_services'].map((field) => row(field, form, draft, offered, fault, act))}
  </section>`;
}

function row(field, form, draft, offered, fault, act) {
  const edited = field in draft.methane.edited;
  return html`<div class="methane-row ${edited ? 'edited' : ''}">
    <label for="methane-${field}"><b>${t(`handover.letter_${field}`)}</b> ${t(`handover.field_${field}`)}
      ${edited ? html`<span class="quiet">${t('handover.by_you')}</span>` : nothing}</label>
    ${LONG.has(field) ? area(field, form, act) : number(field, form, fault, act)}
    ${field in offered ? html`<p class="methane-new" role="status"><strong>${t('handover.new')}</strong> ${held(offered, field)}
      <button type="button" class="button small" @click=${() => act.takeNew(field)}>${t('handover.use_new')}</button>
      <button type="button" class="button small" @click=${() => act.keepOld(field)}>${t('handover.keep_mine')}</button></p>` : nothing}
  </div>`;
}

function area(field, form, act) {
  const rows = field === 'exact_location' || field === 'type_of_incident' ? 2 : 1;
  return html`<textarea id="methane-${field}" name="methane-${field}" rows=${rows} maxlength="2000" dir="auto" .value=${live(form[field])}
    @input=${(event) => act.input(field, event.target.value)}></textarea>`;
}

function number(field, form, fault, act) {
  return html`<input id="methane-${field}" name="methane-${field}" inputmode="numeric" size="10" autocomplete="off" .value=${live(form[field])}
    aria-invalid=${fault === field} placeholder=${t('handover.not_known')} @input=${(event) => act.input(field, event.target.value)}>`;
}
