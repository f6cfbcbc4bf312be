/** A control room chosen by hand: searched in the register by words of its name. */

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { openDialog } from '../dialog.js';
import { serviceName } from './service_name.js';
import { refused } from '../told.js';
import { t } from '../words.js';

const SETTLE_MS = 150;

/** Resolves with {id, name, telephone}, undefined where nothing was chosen. */
export function chooseRoom(desk, service) {
  const found = { rooms: [], total: 0, trouble: '', asked: '' };
  let timer;
  const look = (words, all, draw) => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const query = new URLSearchParams({ q: words, service: all ? '' : service });
      found.asked = String(query);
      try {
        const answer = await desk.api.get(`/rooms?${query}`);
        if (found.asked === String(query)) Object.assign(found, answer, { trouble: '' });
      } catch (error) {
        found.trouble = refused(error);
      }
      draw();
    }, found.asked ? SETTLE_MS : 0);
  };
  return openDialog(t('handover.choose_title', { service: serviceName(service) }), (close, draw) => {
    if (!found.asked) look('', false, draw);
    const again = (event) => {
      const form = event.target.closest('form');
      look(form.elements.words.value, form.elements.all.checked, draw);
    };
    return html`<form class="rooms" @submit=${(event) => { event.preventDefault(); if (found.rooms.length === 1) close(found.rooms[0]); }} @input=${again}>
        <p><label>${t('handover.room_words')} <input name="words" autofocus autocomplete="off" spellcheck="false"></label></p>
        <p><label><input type="checkbox" name="all"> ${t('handover.any_service')}</label></p></form>
      ${found.trouble ? html`<p class="error" role="alert">${found.trouble}</p>` : nothing}
      <p class="quiet" role="status">${t('handover.rooms_found', { shown: found.rooms.length, total: found.total })}</p>
      <ul class="rooms-found">${found.rooms.map((room) => html`<li><button type="button" class="button" data-room=${room.id} @click=${() => close(room)}>
        <strong>${room.name}</strong> <span class="number">${room.telephone}</span>
        ${room.has_feed ? nothing : html`<span class="quiet">${t('handover.no_feed')}</span>`}
        ${room.state === 'Normal' ? nothing : html`<span class="badge route-default">${t(`handover.room_state_${room.state}`)}</span>`}</button></li>`)}</ul>
      <p><button type="button" class="button" @click=${() => close(undefined)}>${t('common.cancel')}</button></p>`;
  });
}
