/** Links in a text, found and judged but never made to work. Pure. */

const TOP = 'com|org|net|uk|co|io|me|ly|gl|info|app|dev|link|click|online|site|shop|xyz|top|cymru|wales|scot|london|gov|ru|eu|ie|de|fr|es|it|nl|pl|example|test';
const ADDRESS = new RegExp(
  `(?:https?|ftp|file|javascript|data|vbscript)[:：][^\\s<>"]+|(?<![\\p{L}\\p{N}@._-])(?:www\\.[^\\s<>"]+|[\\p{L}\\p{N}][\\p{L}\\p{N}\\u200b-\\u200d-]*(?:\\.[\\p{L}\\p{N}-]+)*\\.(?:${TOP})(?![\\p{L}\\p{N}-])(?:[/:?#][^\\s<>"]*)?)`,
  'giu',
);
const TRAILING = /[.,;:!?)\]}'"»”’]+$/u;
/** Second levels under which names are sold: `example.co.uk` is one owner, `co.uk` is none. */
const SECOND = new Set(['co', 'org', 'gov', 'ac', 'ltd', 'plc', 'me', 'net', 'nhs', 'police', 'sch', 'com', 'edu', 'mod']);
const SCRIPTS = ['Latin', 'Cyrillic', 'Greek', 'Armenian', 'Hebrew', 'Arabic', 'Han', 'Hiragana', 'Katakana', 'Hangul', 'Thai', 'Devanagari', 'Cherokee', 'Georgian'];
const TESTS = SCRIPTS.map((name) => ({ name, test: new RegExp(`\\p{Script=${name}}`, 'u') }));
const TOGETHER = new Set(['Han', 'Hiragana', 'Katakana']);
const HIDDEN = /[\p{DI}\p{Cf}\p{Cc}]/gu;

/**
 * Links among code points, in order and apart.
 * `doubts` says why a host may not be what it looks like: mixed (letters of several alphabets), foreign (letters
 * other than a–z), coded (xn--), user (what stands before @ is no address), numbers (an IP address), hidden, scheme.
 * @param {string[]} points @returns {{start: number, end: number, host: string, owner: [number, number] | null, doubts: string[]}[]}
 */
export function links(points) {
  const text = points.join('');
  const found = [];
  let unit = 0;
  let point = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const words = match[0].replace(TRAILING, '');
    if (!words) continue;
    while (unit < match.index) unit += points[point++].length;
    const start = point;
    const length = Array.from(words).length;
    found.push({ start, end: start + length, ...judge(words, start) });
  }
  return found;
}

/** Which host a link leads to, where its owner's name stands in the text, and what is odd about it. */
function judge(words, start) {
  const doubts = [];
  const scheme = /^([a-z]+)[:：]/iu.exec(words)?.[1].toLowerCase() ?? '';
  if (scheme && scheme !== 'http' && scheme !== 'https') return { host: '', owner: null, doubts: ['scheme'] };
  const before = /^(?:[a-z]+[:：][\\/]*)?/iu.exec(words)[0];
  const rest = words.slice(before.length);
  const authority = /^[^\\/?#]*/u.exec(rest)[0];
  const sign = authority.lastIndexOf('@');
  if (sign >= 0) doubts.push('user');
  const shown = authority.slice(sign + 1).replace(/[:：]\d*$/u, '');
  const host = shown.replace(HIDDEN, '').toLowerCase();
  if (host !== shown.toLowerCase()) doubts.push('hidden');
  if (/^[\d.]+$|^\[/u.test(host)) doubts.push('numbers');
  const labels = host.split(/[.。．｡]/u);
  if (labels.some((label) => label.startsWith('xn--'))) doubts.push('coded');
  if (labels.some((label) => isMixed(label))) doubts.push('mixed');
  else if (/[^\u0000-\u007f]/u.test(host)) doubts.push('foreign');
  return { host, owner: ownerAt(words, before.length + sign + 1, shown, start, doubts), doubts };
}

function isMixed(label) {
  const scripts = TESTS.filter((one) => one.test.test(label)).map((one) => one.name);
  return scripts.length > 1 && !scripts.every((name) => TOGETHER.has(name) || name === 'Latin' && scripts.some((other) => TOGETHER.has(other)));
}

/** The code points of the host's registrable part: the name somebody paid for. */
function ownerAt(words, at, shown, start, doubts) {
  if (doubts.includes('numbers') || !shown) return null;
  const labels = shown.split(/[.。．｡]/u);
  const two = labels.length > 2 && labels.at(-1).length === 2 && SECOND.has(labels.at(-2).toLowerCase());
  const owned = labels.slice(two ? -3 : -2).join('.');
  const from = start + Array.from(words.slice(0, at + shown.length - owned.length)).length;
  return [from, from + Array.from(owned).length];
}
