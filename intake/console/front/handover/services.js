/** The ticks: four services, those to think of beside them, what agreements propose; and the priority. */

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { live } from '/libraries/lit-html/directives/live.js';
import { agreements } from './agreements.js';
import { ASKED, pending, withRooms } from './model.js';
import { serviceName } from './service_name.js';
import { told } from '../told.js';
import { t } from '../words.js';

/** @param {{tick: (service: string, on: boolean) => void, take: (service: string, room: any) => void}} act */
export function servicePicker({ contact, draft, added: beside, welsh }, { tick, take }) {
  const has = withRooms(contact);
  const chosen = new Set(pending(contact, draft.ticked));
  const added = contact.added.filter((one) => !one.agreement && (!ASKED.includes(one.service) || !has.has(one.service)));
  const others = [...chosen, ...has].filter((name) => !ASKED.includes(name) && !added.some((one) => one.service === name));
  const suggested = contact.contact.service && contact.contact.service_reason ? contact.contact : null;
  return html`<fieldset class="handover-services"><legend class="spoken">${t('handover.services')}</legend>
      <div class="service-ticks">${[...ASKED, ...others].map((name) => box(name, has, chosen, tick))}</div>
    </fieldset>
    ${suggested ? html`<p class="handover-why quiet">${t('handover.suggested', { service: serviceName(suggested.service) })} ${told(suggested.service_reason, contact.welsh)}</p>` : nothing}
    ${added.length ? html`<fieldset class="handover-added"><legend>${t('handover.think_of')}</legend>
      ${added.map((one) => html`<div class="added-service">${ASKED.includes(one.service)
        ? html`<button type="button" class="button" ?disabled=${chosen.has(one.service)} @click=${() => tick(one.service, true)}>+ ${serviceName(one.service)}</button>`
        : box(one.service, has, chosen, tick)}
        <span class="added-why">${told(one.reason, contact.welsh)}${one.leads ? html` <strong>${t('handover.leads')}</strong>` : nothing}
        ${one.called_by ? html` <span>${t('handover.called_by', { room: one.room_name })}</span>` : nothing}</span></div>`)}
    </fieldset>` : nothing}
    ${agreements({ contact, draft, beside, chosen, welsh }, { tick, take })}`;
}

function box(name, has, chosen, tick) {
  const sent = has.has(name);
  return html`<label class="service-tick ${sent ? 'sent' : ''}"><input type="checkbox" name="service" value=${name} .checked=${live(sent || chosen.has(name))}
    ?disabled=${sent} @change=${(event) => tick(name, event.target.checked)}> ${serviceName(name)}${sent ? html` <span class="quiet">${t('handover.is_sent')}</span>` : nothing}</label>`;
}

export function priorityButtons(row, ours, set) {
  return html`<div class="priorities" role="group" aria-label=${t('handover.priority')}>${[1, 2, 3].map((n) => html`
    <button type="button" class="button priority p${n}" aria-pressed=${row.priority === n} ?disabled=${!ours}
      title=${t(`handover.priority_${n}`)} @click=${() => row.priority !== n && set(n)}>${n} <span>${t(`handover.priority_${n}`)}</span></button>`)}</div>`;
}
