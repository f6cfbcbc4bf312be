/** What standing agreements propose: another service beside, or another room. A person adds it, or nobody does. */

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { withRooms } from './model.js';
import { serviceName } from './service_name.js';
import { told } from '../told.js';
import { isWelsh, t } from '../words.js';

/**
 * The proposals that can still be taken, by what the contact asks for and what is ticked.
 * @param {any[]} beside services to think of as the route's preview names them
 */
export function proposals(contact, beside) {
  const has = withRooms(contact);
  const all = [...contact.added, ...beside].filter((one) => one.agreement && !has.has(one.service));
  return [...new Map(all.map((one) => [one.agreement.id, one])).values()];
}

/** Whether F8 would send what it proposes. @param {Set<string>} chosen the services that F8 would send to */
export function isTaken(one, draft, chosen) {
  return chosen.has(one.service) && (!one.agreement.names_room || draft.rooms[one.service]?.id === one.room_id);
}

/** Add what is proposed, or take it back. @param {{tick: (service: string, on: boolean) => void, take: (service: string, room: any) => void}} act */
export function turn(one, on, { tick, take }) {
  if (!one.agreement.names_room) return tick(one.service, on);
  return take(one.service, on ? { id: one.room_id, name: one.room_name, telephone: one.telephone } : null);
}

export function agreements({ contact, draft, beside, chosen, welsh }, act) {
  const found = proposals(contact, beside);
  if (!found.length) return nothing;
  return html`<fieldset class="handover-added handover-agreements"><legend>${t('handover.agreements')}</legend>
    ${found.map((one) => card(one, isTaken(one, draft, chosen), { ...contact.welsh, ...welsh }, act))}</fieldset>`;
}

function card(one, taken, welsh, act) {
  const { id, name, name_cy: nameCy, beside, names_room: namesRoom } = one.agreement;
  const words = { service: serviceName(one.service), room: one.room_name, beside: beside.map(serviceName).join(', ') };
  return html`<div class="added-service agreement" data-agreement=${id}>
    <button type="button" class="button" aria-pressed=${taken} aria-describedby="agreement-${id}" @click=${() => turn(one, !taken, act)}>${taken ? '✓' : '+'} ${namesRoom ? t('handover.agreement_this_room') : words.service}</button>
    <span class="added-why" id="agreement-${id}">${t(namesRoom ? 'handover.agreement_room' : 'handover.agreement_service', words)}
      <span>${told(one.reason, welsh)}.</span> <span class="quiet">${isWelsh() ? nameCy : name}</span></span></div>`;
}
