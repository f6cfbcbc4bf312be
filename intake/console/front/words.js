/** The interface's words in the page's language; `t('queue.title')`, `t('queue.above', {count: 3})`. */

let said = {};

/** Load the words once; every module may use `t` after this. */
export async function loadWords(language = document.documentElement.lang) {
  const answer = await fetch(`/words/${language}.json`);
  if (!answer.ok) throw new Error(`the words of ${language} did not come: ${answer.status}`);
  said = await answer.json();
}

/** A text with its values filled in. An unknown key shows itself: a test looks for such. */
export function t(key, values = {}) {
  const text = said[key];
  if (text === undefined) return `⟦${key}⟧`;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

export function isWelsh() {
  return globalThis.document?.documentElement.lang === 'cy';
}

/**
 * What the record says in English, in the page's language: an answer's `welsh` has the Welsh of each sentence of ours.
 * Anybody's own words are as they were written.
 * @param {Record<string, string>} [welsh]
 */
export function inWelsh(text, welsh) {
  return (isWelsh() && welsh?.[text]) || text;
}
