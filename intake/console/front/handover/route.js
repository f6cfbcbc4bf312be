/** Who would get it, for each ticked service, and why; near a border who else. */

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { failedLine, pending } from './model.js';
import { serviceName } from './service_name.js';
import { clock } from '../times.js';
import { told } from '../told.js';
import { t } from '../words.js';

/** @param {{choose: (service: string) => void, take: (service: string, room: any) => void}} act */
export function routeCards({ contact, draft, decisions, welsh, rooms, routeTrouble }, act) {
  const services = pending(contact, draft.ticked);
  if (!services.length) return nothing;
  const abroad = services.map((name) => decisions.get(name)?.abroad).find(Boolean);
  return html`<section class="routes" aria-label=${t('handover.who_gets_it')}>
    ${abroad ? html`<p class="handover-abroad">${document.documentElement.lang === 'cy' ? abroad.advice_cy : abroad.advice_en}</p>` : nothing}
    ${services.map((name) => card(name, { contact, draft, welsh, rooms }, decisions.get(name), act))}
    ${routeTrouble ? html`<p class="error">${routeTrouble}</p>` : nothing}
  </section>`;
}

function card(service, { contact, draft, welsh, rooms }, decision, act) {
  const chosen = draft.rooms[service];
  const failed = failedLine(contact, service);
  const room = chosen ?? (decision && { id: decision.room_id, name: decision.room_name, telephone: decision.telephone });
  if (!room) return html`<article class="route"><strong>${serviceName(service)}</strong> <span class="quiet">${t('handover.looking')}</span></article>`;
  return html`<article class="route" data-service=${service} data-room=${room.id}>
    <p class="route-head"><span>${serviceName(service)} →</span> <strong class="route-room">${room.name}</strong>
      ${!chosen && decision.is_default ? html`<span class="badge route-default">${t('handover.default_room')}</span>` : nothing}
      </p>
    ${chosen
      ? html`<p class="route-odds"><span class="route-phone number">${room.telephone}</span></p><p class="route-why">${t('handover.by_hand')}${decision ? html`; ${t('handover.map_says', { room: decision.room_name })}` : nothing}
          <button type="button" class="button small" @click=${() => act.take(service, null)}>${t('handover.by_map')}</button></p>`
      : html`<p class="route-odds">${chance(decision.probability)} <span class="route-phone number">${room.telephone}</span></p><p class="route-why">${told(decision.reason, welsh)} <span class="quiet">(${decision.rule_id})</span></p>`}
    ${link(chosen ?? rooms.get(room.id))}
    ${failed && failed.room_id === room.id && !chosen
      ? html`<p class="route-failed"><strong>${t(`handover.choose_${failed.state}`, { room: room.name })}</strong>
          <button type="button" class="button small" @click=${() => act.take(service, room)}>${t('handover.same_again')}</button></p>` : nothing}
    ${decision?.border ? html`<p class="route-border"><strong>${told(decision.border, { [decision.border]: decision.border_cy })}</strong>${question(decision, contact)}</p>` : nothing}
    ${alternatives(decision, room)?.map((one) => html`<p class="route-other">${t('handover.or')} <span>${one.name}</span> ${chance(one.probability)}
      <button type="button" class="button small" @click=${() => act.take(service, { id: one.room_id, name: one.name, telephone: '' })}>${t('handover.there_instead')}</button></p>`)}
    <p class="route-act"><button type="button" class="button small" @click=${() => act.choose(service)}>${t('handover.another_room')}</button></p>
  </article>`;
}

/** Whether a message will reach the room by itself, as far as is known. */
function link(room) {
  if (!room || room.has_feed === undefined) return nothing;
  if (!room.has_feed) return html`<p class="route-default route-link">${t('handover.no_feed')}</p>`;
  if (room.state !== 'Normal') return html`<p class="route-default route-link">${t(`handover.room_state_${room.state}`)}</p>`;
  return html`<p class="route-link quiet">${room.last_answer_at ? t('handover.link_up', { time: clock(room.last_answer_at) }) : t('handover.link_unheard')}</p>`;
}

function alternatives(decision, room) {
  return (decision?.candidates ?? []).filter((one) => one.room_id !== room.id).slice(0, 3);
}

/** The ready question to the caller, in their own language where we have it. */
function question(decision, contact) {
  const languages = Object.keys(decision.border_question);
  const language = languages.includes(contact.contact.language) ? contact.contact.language : 'en';
  const words = decision.border_question[language];
  return words ? html` ${t('handover.ask')} <q lang=${language}>${words}</q>` : nothing;
}

/** A probability as a bar and as a number. */
function chance(probability) {
  const percent = Math.round(probability * 100);
  if (!percent) return nothing;
  return html`<span class="chance"><meter min="0" max="100" .value=${percent} aria-label=${t('handover.probability')}></meter> <span class="number">${percent} %</span></span>`;
}
