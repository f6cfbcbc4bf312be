/** What became of each message to a room, second by second. */

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { repeat } from '/libraries/lit-html/directives/repeat.js';
import { lines, level, waited_s } from './model.js';
import { serviceName } from './service_name.js';
import { clock, lasted } from '../times.js';
import { told } from '../told.js';
import { inWelsh, t } from '../words.js';

const STEPS = ['queued', 'sent', 'delivered', 'accepted'];

/** @param {{ours: boolean, choose: (service: string) => void}} act */
export function transferLines(contact, now_ms, act) {
  const all = lines(contact);
  if (!all.length) return nothing;
  return html`<ul class="transfers" aria-label=${t('handover.sent_so_far')}>
    ${repeat([...all.filter((line) => !line.over), ...all.filter((line) => line.over)], (line) => `${line.service} ${line.room_id}`, (line) => item(line, contact.welsh, now_ms, act))}</ul>`;
}

function item(line, welsh, now_ms, act) {
  const loud = level(line, now_ms);
  const { main } = line;
  const took = waited_s(line, now_ms);
  return html`<li class="transfer ${line.over ? 'went-elsewhere' : ''}" data-service=${line.service} data-room=${line.room_id} data-state=${line.state} data-level=${loud}>
    <p class="transfer-head"><span>${serviceName(line.service)} →</span> <strong>${main.room_name}</strong>
      <span class="transfer-state" data-state=${line.over ? 'over' : line.state}>${line.over ? t('handover.over') : t(`handover.state_${line.state}`)}</span>
      ${took ? html`<strong class="number transfer-took">${lasted(took)}</strong>` : nothing}</p>
    ${loud === 'amber' ? html`<p>${t('handover.no_answer_yet')} <strong class="number">${main.telephone}</strong></p>` : nothing}
    ${loud === 'alarm' ? alarm(line, act) : nothing}
    ${main.first_room_id && main.first_room_id !== main.room_id
      ? html`<p>${t('handover.buddy', { first: main.first_room_name })}</p>` : nothing}
    ${line.over ? nothing : steps(main)}
    ${main.room_reference ? html`<p>${t('handover.their_reference')} <strong>${main.room_reference}</strong></p>` : nothing}
    ${main.reason && (line.state === 'rejected' || line.state === 'held') ? html`<p class="transfer-reason">${why(main, welsh)}</p>` : nothing}
    ${line.update && !line.over ? updated(line.update, welsh) : nothing}
  </li>`;
}

/** The steps with their clocks; the next one is waited for. */
function steps(main) {
  if (!STEPS.includes(main.state)) return nothing;
  const at = { queued: main.created_at, sent: main.sent_at, delivered: main.delivered_at, accepted: main.answered_at };
  const reached = STEPS.indexOf(main.state);
  const shown = reached < 2 ? STEPS : STEPS.slice(1);
  return html`<ol class="transfer-steps">${shown.map((step) => [step, STEPS.indexOf(step)]).map(([step, n]) => html`<li class=${n <= reached ? 'done' : ''}>${t(`handover.step_${step === 'delivered' && reached > 2 ? 'received' : step}`)}
    ${n <= reached && at[step] ? html`<span class="number">${clock(at[step])}</span>` : nothing}</li>`)}</ol>`;
}

/** A room that rejects says so in its own words, in whatever language; what holds a message we say. */
function why({ state, reason }, welsh) {
  return html`<q>${state === 'rejected' ? inWelsh(reason, welsh) : told(reason, welsh)}</q>`;
}

function updated(update, welsh) {
  const failed = update.state === 'rejected' || update.state === 'held';
  return html`<p class=${failed ? 'transfer-reason' : ''}>${t('handover.last_update')} ${t(`handover.state_${update.state}`)}
    <span class="number">${clock(update.answered_at ?? update.delivered_at ?? update.sent_at ?? update.created_at)}</span>
    ${failed ? why(update, welsh) : nothing}</p>`;
}

function alarm(line, act) {
  return html`<p class="transfer-alarm" role="alert">${t(line.live ? 'handover.ring_silent' : `handover.ring_${line.state}`)}
      <strong class="transfer-phone number">${line.main.telephone || t('handover.no_telephone')}</strong></p>
    ${act.ours && !line.over ? html`<p><button type="button" class="button" @click=${() => act.choose(line.service)}>${t('handover.choose_another')}</button></p>` : nothing}`;
}
