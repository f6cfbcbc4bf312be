/** A tab for each open conversation, and one for what is only looked at. */

import { html, nothing, render } from '/libraries/lit-html/lit-html.js';
import { repeat } from '/libraries/lit-html/directives/repeat.js';
import { owedSince } from './lines_order.js';
import { lasted, since_s } from '../times.js';
import { word } from '../visible_text_view.js';
import { t } from '../words.js';

const MOST = 4;
const OWED_BADGE_S = 30;
const OWED_LATE_S = 90;

export function mountTabs(root, desk) {
  const { state, open, commands } = desk;
  for (let n = 1; n <= MOST; n += 1) {
    commands.add({
      id: `conversation.tab${n}`, key: `Alt+${n}`, label: `conversation.tab${n}`, area: 'conversation',
      when: () => state.get('open').length >= n,
      run: () => open.goTo(state.get('open')[n - 1].id),
    });
  }
  const draw = () => {
    const shown = state.get('shown');
    const looking = shown && !open.find(shown) ? shown : null;
    render(html`<div class="tabs" role="group" aria-label=${t('conversation.tabs')}>${repeat(state.get('open'), (one) => one.id, (one, n) => tab(one, n, shown))}
      ${looking ? html`<button type="button" class="tab looking" aria-current="true">${t('conversation.looking_tab')} ${name(state.get(`contact:${looking}`))}</button>` : nothing}
      ${!shown && !state.get('open').length ? html`<button type="button" class="tab" aria-current="true">${t('conversation.title')}</button>` : nothing}</div>`, root);
  };
  const tab = (one, n, shown) => {
    const contact = state.get(`contact:${one.id}`);
    return html`<button type="button" class="tab ${one.lost ? 'lost' : ''}" aria-current=${one.id === shown ? 'true' : 'false'}
      aria-keyshortcuts=${`Alt+${n + 1}`} data-tab=${one.id} @click=${() => open.show(one.id)}>
      <kbd>Alt ${n + 1}</kbd> <strong>${name(contact)}</strong>
      ${one.lost ? html`<span class="badge lost-mark">${t('conversation.tab_lost')}</span>`
        : one.unread ? html`<span class="badge new">${t('conversation.unread', { count: one.unread })}</span>` : nothing}
      ${contact && !one.lost ? owed(contact) : nothing}</button>`;
  };
  // Arrow keys walk the tabs, as in every list of tabs.
  root.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const tabs = [...root.querySelectorAll('[data-tab]')];
    const at = tabs.indexOf(document.activeElement);
    if (!step || at < 0) return;
    event.preventDefault();
    tabs[(at + step + tabs.length) % tabs.length].focus();
  });
  state.watch(['open', 'shown', 'contacts', 'tick'], draw);
}

/** `SMS ·4821` */
function name(contact) {
  if (!contact) return '…';
  const { channel, number } = contact.contact;
  return `${word(`conversation.channel_${channel}`, channel)} ·${String(number).padStart(4, '0').slice(-4)}`;
}

/** How long the caller waits for a person's word. */
function owed(contact) {
  const since = owedSince(contact);
  if (!since) return html`<span class="quiet">${t('conversation.none_owed')}</span>`;
  const waited = since_s(since);
  const how = waited >= OWED_LATE_S ? 'late' : waited >= OWED_BADGE_S ? 'owed' : '';
  return html`<span class="owes ${how} number" title=${t('conversation.owed')}><span class="spoken">${t('conversation.owed')} </span>${lasted(waited)}</span>`;
}
