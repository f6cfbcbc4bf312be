/** Who waits, and who works: the two tables a supervisor acts on. */

import { html, nothing, render } from '/libraries/lit-html/lit-html.js';
import { repeat } from '/libraries/lit-html/directives/repeat.js';
import { channelName, placeWords, serviceName, waitLevel } from '../queue/words.js';
import { AFTER_S } from '../alarms/timers.js';
import { clock, lasted, since_s } from '../times.js';
import { oneLine } from '../visible_text.js';
import { t } from '../words.js';

const SHOWN = 12;

/** What nobody has, in the server's order, with how long it has waited. */
export function mountUnanswered(root, { state, acts }) {
  const draw = () => {
    const waiting = state.get('rows').filter((row) => row.claimable);
    const frame = state.get('alarms')?.unanswered;
    render(html`<h2>${t('supervisor.unanswered')} <span class="quiet">${t('supervisor.unanswered_counts', { count: frame?.count ?? waiting.length, late: frame?.first60 ?? 0, later: frame?.first120 ?? 0 })}${unreachable(state.get('whole')?.unreachable)}</span></h2>
      <div class="scrolled"><table><thead><tr><th>${t('supervisor.priority')}</th><th>${t('supervisor.wait')}</th><th>${t('supervisor.what')}</th><th><span class="spoken">${t('supervisor.acts')}</span></th></tr></thead>
      <tbody>${repeat(waiting.slice(0, SHOWN), (row) => row.id, (row) => line(row))}</tbody></table>
      ${waiting.length ? nothing : html`<p class="quiet none">${t('queue.none')}</p>`}</div>`, root);
  };
  const line = (row) => {
    const place = placeWords(row.place, t);
    return html`<tr data-contact=${row.id}><td><span class="badge p${row.priority}">${row.priority}</span></td>
      <td class="number"><span class="row-wait w${waitLevel(since_s(row.queued_at))}">${lasted(since_s(row.queued_at))}</span></td>
      <td class="what"><b>${serviceName(row.service, t)}</b> · ${channelName(row.channel, t)} · <bdi>${place.name}</bdi> ${place.radius}<br><bdi class="quiet">${oneLine(row.summary)}</bdi></td>
      <td class="acts">${row.priority > 1 ? html`<button type="button" class="button" @click=${() => acts.raise(row)}>${t('supervisor.raise')}</button> ` : nothing}<button type="button" class="button" @click=${() => acts.move(row)}>${t('supervisor.move')}</button></td></tr>`;
  };
  state.watch(['rows', 'alarms', 'tick', 'whole'], draw);
}

/** How many callers nobody can reach, and since when the first of them. */
function unreachable(found) {
  return found?.count ? html` · <span data-unreachable>${t('supervisor.unreachable_counts', { count: found.count, since: clock(found.oldest_since).slice(0, 5) })}</span>` : nothing;
}

/** Each desk with what is open at it, the oldest reply it owes, and its cap. */
export function mountDesks(root, { state, acts }) {
  const draw = () => {
    const desks = state.get('desks');
    render(html`<h2>${t('supervisor.desks')} <span class="quiet">${t('supervisor.desks_counts', { live: desks.filter((one) => one.connected).length, free: desks.filter((one) => one.connected && one.state === 'available').length })}</span></h2>
      <div class="scrolled"><table><thead><tr><th>${t('supervisor.desk')}</th><th>${t('supervisor.state')}</th><th>${t('supervisor.owed')}</th><th>${t('supervisor.open')}</th><th>${t('supervisor.cap')}</th></tr></thead>
      <tbody>${repeat([...desks].sort((a, b) => a.number - b.number), (one) => one.handler, line)}</tbody></table>
      ${desks.length ? nothing : html`<p class="quiet none">${t('supervisor.no_desks')}</p>`}</div>`, root);
  };
  const line = (one) => html`<tr data-desk=${one.handler}><th scope="row"><span class="number">${one.number}</span> ${one.handler}</th>
    <td>${one.connected ? html`<span class="mark ${one.state}">${t(`queue.${one.state}`)}</span>` : html`<span class="mark late">${t('supervisor.gone')}</span>`}</td>
    <td class="number">${owed(one.owed_since)}</td>
    <td>${one.open.length ? one.open.map((contact) => html`<span class="held-contact"><span class="badge p${contact.priority}">${contact.priority}</span> ${contact.reference} ${owed(contact.owed_since)}
      ${contact.priority > 1 ? html`<button type="button" class="button" aria-label=${t('supervisor.raise_title', { reference: contact.reference })} @click=${() => acts.raise(contact)}>${t('supervisor.raise')}</button>` : nothing}
      ${one.handler === state.get('me').handler ? nothing : html`<a class="button" href="/desk#join=${contact.id}" target="intake-desk" aria-label=${t('supervisor.join_title', { reference: contact.reference })}>${t('between.join')}</a>`}
      <button type="button" class="button" aria-label=${t('supervisor.move_title', { reference: contact.reference })} @click=${() => acts.move({ ...contact, handler: one.handler })}>${t('supervisor.move')}</button></span>`) : html`<span class="quiet">${t('supervisor.nothing_open')}</span>`}</td>
    <td>${cap(one)}</td></tr>`;
  const cap = (one) => {
    const limit = one.open_limit ?? state.get('people').find((person) => person.name === one.handler)?.open_limit;
    return html`<select aria-label=${t('supervisor.cap_of', { handler: one.handler })} data-cap=${one.handler}
      @change=${(event) => acts.cap(one.handler, Number(event.target.value))}>
      ${limit ? nothing : html`<option value="" selected>–</option>`}
      ${[1, 2, 3, 4].map((n) => html`<option value=${n} ?selected=${n === limit}>${n}</option>`)}</select>`;
  };
  state.watch(['desks', 'people', 'tick'], draw);
}

/** How long a reply has been owed; amber from 30 s, an alarm from 90 s. */
export function owed(since) {
  if (!since) return nothing;
  const s = since_s(since);
  const level = s >= AFTER_S.owedAlarm ? 'late' : s >= AFTER_S.owed ? 'w2' : '';
  return html`<span class="row-wait number ${level}">${lasted(s)}</span>`;
}
