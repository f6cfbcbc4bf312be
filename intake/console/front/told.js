/** A sentence of the server's on the page: what the record says in English, and why it refuses. */

import { html } from '/libraries/lit-html/lit-html.js';
import { inWelsh, isWelsh, t } from './words.js';

/** In the page's language; what has no Welsh is said to be English, for whoever hears the page. */
export function told(text, welsh) {
  return isWelsh() && !welsh?.[text] ? html`<span lang="en">${text}</span>` : inWelsh(text, welsh);
}

/** As `t`, with values that are templates. */
export function filled(key, values) {
  return html`${t(key).split(/\{(\w+)\}/).map((part, n) => (n % 2 ? values[part] : part))}`;
}

/**
 * Why the server refused, in the page's language: what its code says, and its own English words where they say more.
 * @param {{code: string, message: string}} error an ApiError, or a frame of the live line
 */
export function refused({ code, message }) {
  const key = `refusals.${code}`;
  const isKnown = !t(key).startsWith('⟦');
  return filled(isKnown ? key : 'refusals.other', { own: told(message) });
}
