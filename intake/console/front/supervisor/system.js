/** How the intake itself does: what needs a supervisor now, channels, links to the rooms, the automatic reply. */

import { html, nothing, render } from '/libraries/lit-html/lit-html.js';
import { live } from '/libraries/lit-html/directives/live.js';
import { channelName } from '../queue/words.js';
import { lasted, since_s } from '../times.js';
import { t } from '../words.js';

const SILENT_LINK_S = 45;

/** One line: the gravest of what a supervisor must see, or that nothing is. */
export function mountAttention(root, { state }) {
  const draw = () => {
    const [whole, frame] = [state.get('whole'), state.get('alarms')];
    const found = [];
    if (frame?.desks?.none) found.push(t('alarms.nobody'));
    if (frame?.unanswered?.first120) found.push(t('supervisor.late', { count: frame.unanswered.first120 }));
    const owed = state.get('desks').map((one) => one.owed_since).filter(Boolean).sort()[0];
    if (owed && since_s(owed) >= 90) found.push(t('supervisor.owed_late', { since: lasted(since_s(owed)) }));
    if (whole?.held_transfers) found.push(t('supervisor.held_transfers', { count: whole.held_transfers }));
    const silent = (whole?.links ?? []).filter((one) => one.link.oldest_unanswered_at && since_s(one.link.oldest_unanswered_at) >= SILENT_LINK_S);
    if (silent.length) found.push(t('supervisor.silent_rooms', { rooms: silent.slice(0, 3).map((one) => `${one.room_name} ${one.telephone}`).join(', ') }));
    const told = state.get('told');
    root.classList.toggle('late', found.length > 0);
    render(html`<p>${found.length ? html`<span aria-hidden="true">▲</span> <b>${found.join(' · ')}</b>` : html`<span class="quiet">${t('supervisor.calm')}</span>`}
      ${told ? html`<span class="told ${told.isTrouble ? 'trouble' : ''}" data-told>${told.text}</span>` : nothing}</p>`, root);
  };
  state.watch(['whole', 'alarms', 'desks', 'told', 'tick'], draw);
}

const ago = (moment) => (moment ? html`<span class="number">${t('supervisor.ago', { since: lasted(since_s(moment)) })}</span>` : html`<span class="quiet">${t('supervisor.never')}</span>`);

/** Each channel: whether its door was open this hour, its last message, replies that failed. */
export function mountChannels(root, { state }) {
  const draw = () => {
    const channels = state.get('whole')?.channels ?? [];
    render(html`<h2>${t('supervisor.channels')}</h2><div class="scrolled"><table>
      <thead><tr><th>${t('supervisor.channel')}</th><th>${t('supervisor.door')}</th><th>${t('supervisor.last_message')}</th><th>${t('supervisor.replies')}</th></tr></thead>
      <tbody>${channels.map((one) => html`<tr data-channel=${one.channel}><th scope="row">${channelName(one.channel, t)}</th>
        <td>${door(one)}</td><td>${ago(one.last_message_at)} <span class="quiet">${t('supervisor.an_hour', { count: one.messages_hour })}</span></td>
        <td class="number">${one.replies_hour}${one.replies_failed ? html` <span class="mark late">${t('supervisor.failed', { count: one.replies_failed })}</span>` : nothing}</td></tr>`)}</tbody></table>
      ${channels.length ? nothing : html`<p class="quiet none">${t('supervisor.no_channels')}</p>`}</div>`, root);
  };
  const door = (one) => {
    const isOpen = one.last_open_at && since_s(one.last_open_at) < 180;
    return html`<span class="mark ${isOpen ? 'available' : 'late'}">${t(isOpen ? 'supervisor.door_open' : 'supervisor.door_shut')}</span>`;
  };
  state.watch(['whole', 'tick'], draw);
}

/** Each room's link: its last answer, what it has not answered, the number to ring. */
export function mountLinks(root, { state }) {
  const draw = () => {
    const links = state.get('whole')?.links ?? [];
    render(html`<h2>${t('supervisor.links')}</h2><div class="scrolled"><table>
      <thead><tr><th>${t('supervisor.room')}</th><th>${t('supervisor.last_answer')}</th><th>${t('supervisor.unanswered_sent')}</th><th>${t('supervisor.telephone')}</th></tr></thead>
      <tbody>${links.map(({ link, ...room }) => html`<tr data-room=${link.room_id}><th scope="row">${room.room_name}${room.has_feed ? nothing : html` <span class="mark">${t('supervisor.no_feed')}</span>`}
          ${link.state && link.state !== 'Normal' ? html` <span class="mark late" title=${link.state_reason}>${t(`handover.room_state_${link.state}`)}</span>` : nothing}</th>
        <td>${ago(link.last_delivered_at)}</td>
        <td class="number">${link.unanswered}${link.oldest_unanswered_at ? html` <span class="row-wait ${since_s(link.oldest_unanswered_at) >= SILENT_LINK_S ? 'late' : ''}">${lasted(since_s(link.oldest_unanswered_at))}</span>` : nothing}${link.held ? html` <span class="mark late">${t('supervisor.held', { count: link.held })}</span>` : nothing}</td>
        <td class="number">${room.telephone || '–'}</td></tr>`)}</tbody></table>
      ${links.length ? nothing : html`<p class="quiet none">${t('supervisor.no_links')}</p>`}</div>`, root);
  };
  state.watch(['whole', 'tick'], draw);
}

/** Which words go out first, by themselves, to whoever writes in. */
export function mountRule(root, { state, acts }) {
  const draw = () => {
    const now = state.get('rule')?.rule;
    render(html`<fieldset class="rule"><legend>${t('supervisor.automatic')}</legend>
      ${['normal', 'busy', 'major_incident'].map((one) => html`<label class="choice"><input type="radio" name="rule" value=${one} .checked=${live(one === now)} ?disabled=${!now}
        @change=${() => acts.automatic(one)}> ${t(`supervisor.rule_${one}`)}</label>`)}
      ${now && now !== 'normal' ? html`<span class="mark w2">${t('supervisor.rule_unusual')}</span>` : nothing}</fieldset>`, root);
  };
  state.watch(['rule'], draw);
}
