/** The one dialog of the desk: opens over everything, gives focus back to where it was. */

import { html, render } from '/libraries/lit-html/lit-html.js';
import { t } from './words.js';

/**
 * Show `content(close)` (a lit template; call `close(value)` to end it) under a title.
 * Resolves with the value, undefined for Escape. Only one at a time: a second waits for nobody, it is refused.
 */
export function openDialog(title, content) {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById('dialog'));
  if (dialog.open) return Promise.resolve(undefined);
  const before = /** @type {HTMLElement} */ (document.activeElement);
  return new Promise((resolve) => {
    let answer;
    const close = (value) => {
      answer = value;
      dialog.close();
    };
    const draw = () =>
      render(html`<h2 id="dialog-title">${title}</h2>${content(close, draw)}`, dialog);
    dialog.setAttribute('aria-labelledby', 'dialog-title');
    dialog.addEventListener(
      'close',
      () => {
        render(html``, dialog);
        before?.focus?.();
        resolve(answer);
      },
      { once: true },
    );
    draw();
    dialog.showModal();
  });
}

/** A question with buttons; resolves with the chosen value. @param {{value: any, label: string, main?: boolean}[]} choices */
export function ask(title, text, choices) {
  return openDialog(
    title,
    (close) => html`<p>${text}</p>
      <p>${choices.map((one) => html`<button type="button" class="button ${one.main ? 'main' : ''}" @click=${() => close(one.value)}>${one.label}</button> `)}
        <button type="button" class="button" @click=${() => close(undefined)}>${t('common.cancel')}</button></p>`,
  );
}
