/** Which stock replies fit what was typed behind `/`. Pure. */

/** A slash that begins a word before the caret, with what stands between; null where there is none. */
export function slashBefore(text, caret) {
  const found = /(?:^|\s)\/([^/\n]{0,40})$/u.exec(text.slice(0, caret));
  if (!found) return null;
  return { start: caret - found[1].length - 1, end: caret, words: found[1].trim().toLowerCase() };
}

/** Fitting replies: the neutral ones first for a silent caller (and alone until something is typed), then by how well they fit. */
export function matching(replies, words, language, silent) {
  const parts = words.split(/\s+/u).filter(Boolean);
  return replies
    .filter((one) => !silent || words || one.group === 'silent')
    .map((one, place) => ({ one, place, score: score(one, parts, language, silent) }))
    .filter((found) => found.score !== null)
    .sort((a, b) => a.score - b.score || a.place - b.place)
    .map((found) => found.one);
}

function score(reply, parts, language, silent) {
  const text = `${reply.texts[language].text} ${reply.texts.en.text}`.toLowerCase();
  const name = reply.shortcut.slice(1);
  if (!parts.every((part) => name.startsWith(part) || reply.id.includes(part) || text.includes(part))) return null;
  const named = parts.length && name.startsWith(parts[0]) ? 0 : 1;
  return named + (silent === (reply.group === 'silent') ? 0 : 10);
}

const RINGS = /\d{3,}|\d[\d\s().-]{4,}\d|\b(?:call|calls|calling|ring|rings|ringing|phone|phones|telephone|ffoni\w*|galwch|galw|ffôn)\b/iu;

/** Words of a reply that could make a silent caller's phone, or somebody beside them, speak: null for none. */
export function rings(text) {
  return RINGS.exec(text)?.[0] ?? null;
}
