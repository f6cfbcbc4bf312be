/** F10: every key of the desk, by what it belongs to. */

import { html } from '/libraries/lit-html/lit-html.js';
import { keyName } from './commands.js';
import { openDialog } from './dialog.js';
import { t } from './words.js';

/** Keys of the list, which are no commands: they work only while it has the focus. */
const IN_LIST = [['↑ ↓', 'queue.key_move'], ['Enter', 'queue.take_chosen'], ['→', 'queue.look'], ['Home / End', 'queue.key_ends']];

export function addKeysHelp(desk) {
  const { commands } = desk;
  commands.add({ id: 'desk.keys', key: 'F10', label: 'queue.all_keys', area: 'desk', run: () => show(commands) });
}

function show(commands) {
  const keyed = commands.all().filter((one) => one.key);
  const areas = [...new Set(keyed.map((one) => one.area ?? one.id.split('.')[0]))];
  const line = (key, label) => html`<tr><th scope="row"><kbd>${key}</kbd></th><td>${t(label)}</td></tr>`;
  return openDialog(t('queue.all_keys'), (close) => html`<div class="keys-help">
    ${areas.map((area) => html`<table><caption>${title(area)}</caption><tbody>
      ${keyed.filter((one) => (one.area ?? one.id.split('.')[0]) === area).map((one) => line(keyName(one.key), one.label))}
      ${area === 'queue' ? IN_LIST.map(([key, label]) => line(key, label)) : ''}</tbody></table>`)}
    </div><p><button type="button" class="button main" autofocus @click=${() => close(true)}>${t('common.close')}</button></p>`);
}

/** The title of the panel an area is named after. */
function title(area) {
  if (area === 'desk') return t('queue.area_desk');
  const said = t(`${area === 'contact' ? 'handover' : area}.title`);
  return said.startsWith('⟦') ? area : said;
}
