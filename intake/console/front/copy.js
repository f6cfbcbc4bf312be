/** A button that copies a text, says so, and where the browser forbids it marks the text for Ctrl+C. */

import { html } from '/libraries/lit-html/lit-html.js';
import { t } from './words.js';

/** @param {(text: string) => void} say  @param {string} name what is copied, in words  @param {string} text */
export function copyRow(say, name, text) {
  return html`<dt>${name}</dt>
    <dd><span class="copied number" translate="no">${text}</span>
      <button type="button" class="button small" aria-label=${t('place.copy_name', { name })}
        @click=${(event) => copy(event, text, name, say)}>${t('place.copy')}</button></dd>`;
}

async function copy(event, text, name, say) {
  const shown = event.currentTarget.previousElementSibling;
  try {
    await navigator.clipboard.writeText(text);
    say(t('place.copied', { name, text }));
  } catch {
    const range = document.createRange();
    range.selectNodeContents(shown);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    say(t('place.copy_by_hand'));
  }
}
