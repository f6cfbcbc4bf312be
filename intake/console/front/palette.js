/** Every command by its name: Ctrl+K, a few letters, Enter. */

import { html, nothing, render } from '/libraries/lit-html/lit-html.js';
import { keyName } from './commands.js';
import { openDialog } from './dialog.js';
import { t } from './words.js';

export function addPalette(desk) {
  const { commands } = desk;
  commands.add({ id: 'desk.palette', key: 'Ctrl+k', label: 'queue.palette', area: 'desk', run: () => show(commands) });
}

async function show(commands) {
  let typed = '';
  let at = 0;
  const fits = () => inOrder(commands.all()).filter((one) => one.id !== 'desk.palette' && plain(`${t(one.label)} ${one.key ?? ''}`).includes(plain(typed)));
  const chosen = await openDialog(t('queue.palette'), (close, draw) => {
    const found = fits();
    at = Math.max(0, Math.min(at, found.length - 1));
    const key = (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) at = (at + step + found.length) % Math.max(1, found.length);
      else if (event.key === 'Home' || event.key === 'End') at = event.key === 'Home' ? 0 : found.length - 1;
      else if (event.key === 'Enter') return close(found[at]?.id);
      else return undefined;
      event.preventDefault();
      draw();
      document.getElementById(`palette-${at}`)?.scrollIntoView({ block: 'nearest' });
      return undefined;
    };
    return html`<div class="palette">
      <input type="text" autofocus role="combobox" aria-expanded="true" aria-controls="palette-list" autocomplete="off" spellcheck="false"
        aria-label=${t('queue.palette_type')} placeholder=${t('queue.palette_type')} aria-activedescendant=${found.length ? `palette-${at}` : nothing}
        @input=${(event) => { typed = event.target.value; at = 0; draw(); }} @keydown=${key}>
      <div id="palette-list" role="listbox" class="palette-list" aria-label=${t('queue.palette')}>${found.map((one, index) => html`<div role="option" id="palette-${index}"
        class="palette-one ${commands.can(one.id) ? '' : 'off'}" aria-selected=${index === at ? 'true' : 'false'} aria-disabled=${commands.can(one.id) ? 'false' : 'true'}
        @click=${() => close(one.id)}><span>${t(one.label)}${commands.why(one.id) ? html` <span class="quiet">${commands.why(one.id)}</span>` : nothing}</span>
        ${one.key ? html`<kbd>${keyName(one.key)}</kbd>` : nothing}</div>`)}
      </div>
      ${found.length ? nothing : html`<p class="quiet">${t('queue.palette_none')}</p>`}
      <p><button type="button" class="button" @click=${() => close(undefined)}>${t('common.close')}</button></p></div>`;
  });
  if (chosen) commands.run(chosen);
}

/** What concerns callers before what concerns the desk. */
function inOrder(all) {
  return [...all.filter((one) => one.area !== 'desk'), ...all.filter((one) => one.area === 'desk')];
}

/** Without accents and capitals: `tŷ` is found by `ty`. */
function plain(text) {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}

/** The few keys at the foot of the desk. */
export function mountKeys(root, desk) {
  const { commands, state } = desk;
  const shown = ['queue.take_next', 'conversation.reply', 'conversation.location', 'handover.send', 'conversation.hand_over', 'alarms.acknowledge', 'desk.palette', 'desk.keys'];
  state.watch(['me'], () => {
    const keyed = shown.map((id) => commands.byId.get(id)).filter((one) => one?.key);
    const rest = commands.all().filter((one) => one.key && /^F\d/.test(one.key) && one.id !== 'live.retry' && !keyed.includes(one));
    const all = [...keyed.slice(0, -2), ...rest, ...keyed.slice(-2)];
    render(html`${all.map((one) => html`<span class="key"><kbd>${keyName(one.key)}</kbd> ${t(one.label)}</span>`)}`, root);
  });
}
