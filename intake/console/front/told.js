/** A sentence that the record says in English, on the page. */

import { html } from '/libraries/lit-html/lit-html.js';
import { inWelsh, isWelsh } from './words.js';

/** In the page's language; what has no Welsh is said to be English, for whoever hears the page. */
export function told(text, welsh) {
  return isWelsh() && !welsh?.[text] ? html`<span lang="en">${text}</span>` : inWelsh(text, welsh);
}
