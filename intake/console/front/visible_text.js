/**
 * A caller's text as it may be looked at: what hides is made visible, links are only words, and the words that
 * tell a place are marked. Pure: makes a tree, draws nothing. Offsets count code points, as the server's do.
 */

import { links } from './visible_text_links.js';

/**
 * @typedef {{kind: 'text', text: string}} Plain
 * @typedef {{kind: 'mark', shown: string, sort: string, name: string}} Mark what stands for a hidden character;
 *   `sort`: bidi | zero_width | control | space | tag | variation | private | stacked
 * @typedef {{kind: 'clue' | 'link' | 'owner', what: any, children: Node[]}} Span `owner` is the part of a link's host
 *   that somebody registered
 * @typedef {Plain | Mark | Span} Node
 */

export const SHOWN_AT_FIRST = 4_000;
/** More marks than this on one letter are drawn over the lines above and below it. */
const STACKED = 4;

const SEEN_FORMATS = /[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}]/u;
const HIDES = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{DI}\u2800\ufffc]|[^\P{Zs}\u0020\u00a0\u202f]/u;
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
const SPACES = /[\p{Zs}\p{Zl}\p{Zp}\u2800\u115f\u1160\u3164\uffa0]/u;
const TAGS = /[\u{e0001}\u{e0020}-\u{e007f}]/u;
const VARIATIONS = /[\ufe00-\ufe0f\u{e0100}-\u{e01ef}\u180b-\u180f]/u;
const PICTURE = /[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f\u20e3]/u;
/** Scripts that are written with joiners: there they are spelling, not hiding. */
const JOINED = /[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}]/u;
const COMBINING = /\p{M}/u;
const FLAG = 0x1f3f4;
/** Of spans that cover the same words, the outer one first. */
const OUTER = ['link', 'clue', 'owner'];
const NATIONS = new Set(['gbeng', 'gbsct', 'gbwls']);

const NAMES = {
  0x00: 'null', 0x07: 'bell', 0x08: 'backspace', 0x0d: 'carriage return', 0x1b: 'escape', 0x7f: 'delete', 0xad: 'soft hyphen',
  0x34f: 'combining grapheme joiner', 0x61c: 'Arabic letter mark', 0x200b: 'zero width space', 0x200c: 'zero width non-joiner',
  0x200d: 'zero width joiner', 0x200e: 'left-to-right mark', 0x200f: 'right-to-left mark', 0x2028: 'line separator',
  0x2029: 'paragraph separator', 0x202a: 'left-to-right embedding', 0x202b: 'right-to-left embedding',
  0x202c: 'pop directional formatting', 0x202d: 'left-to-right override', 0x202e: 'right-to-left override', 0x2060: 'word joiner',
  0x2066: 'left-to-right isolate', 0x2067: 'right-to-left isolate', 0x2068: 'first strong isolate', 0x2069: 'pop directional isolate',
  0x2800: 'Braille blank', 0x3000: 'ideographic space', 0x3164: 'Hangul filler', 0xfeff: 'zero width no-break space', 0xfffc: 'object replacement',
};

/**
 * The tree of a text. `clues` are {start, end, …} in code points; they and the links nest.
 * `limit` code points are read, the rest is counted. @returns {{nodes: Node[], length: number, cut: number}}
 */
export function visible(text, clues = [], limit = SHOWN_AT_FIRST) {
  const all = Array.from(text);
  const points = all.length > limit ? all.slice(0, limit) : all;
  const spans = [
    ...clues.map((clue) => ({ kind: 'clue', what: clue, start: clue.start, end: clue.end })),
    ...links(points).flatMap((link) => [
      { kind: 'link', what: link, start: link.start, end: link.end },
      ...(link.owner ? [{ kind: 'owner', what: link, start: link.owner[0], end: link.owner[1] }] : []),
    ]),
  ].filter((span) => span.start < span.end && span.start >= 0 && span.start < points.length);
  const pieces = piecesOf(points);
  return { nodes: nest(pieces, spans, points), length: all.length, cut: all.length - points.length };
}

/** The same text on one line without its hidden characters: for names, titles and tabs. */
export function plain(text) {
  return piecesOf(Array.from(String(text))).map((piece) => piece.shown ?? piece.text).join('').replace(/\s+/g, ' ').trim();
}

const ODD = new RegExp(`${HIDES.source}|\\p{M}{${STACKED + 1}}`, 'u');

/** `plain`, for rows that are drawn again and again: nearly every text is what it looks like. */
export function oneLine(text) {
  return ODD.test(text) ? plain(text) : text;
}

/** Marked characters and, between them, plain ones; each with where it begins and how long it is. */
function piecesOf(points) {
  const pieces = [];
  for (let at = 0; at < points.length; ) {
    const flag = nationFlag(points, at);
    if (flag) {
      pieces.push({ start: at, end: at + flag, text: points.slice(at, at + flag).join('') });
      at += flag;
    } else if (COMBINING.test(points[at]) && !VARIATIONS.test(points[at]) && stackedFrom(points, at)) {
      const end = stackEnd(points, at);
      pieces.push({ start: at, end, shown: `⟦+${end - at}⟧`, sort: 'stacked', name: String(end - at) });
      at = end;
    } else if (points[at] === '\r' && points[at + 1] === '\n') {
      pieces.push({ start: at, end: at + 1, text: '' });
      at += 1;
    } else if (hides(points, at)) {
      pieces.push({ start: at, end: at + 1, ...markOf(points[at]) });
      at += 1;
    } else {
      pieces.push({ start: at, end: at + 1, text: points[at] });
      at += 1;
    }
  }
  return pieces;
}

function hides(points, at) {
  const one = points[at];
  if (one === '\n' || one === '\t' || !HIDES.test(one) || SEEN_FORMATS.test(one)) return false;
  const before = points[at - 1] ?? '';
  const after = points[at + 1] ?? '';
  if (one === '\u200d' && PICTURE.test(before) && PICTURE.test(after)) return false;
  if ((one === '\u200c' || one === '\u200d') && JOINED.test(before) && JOINED.test(after)) return false;
  if ((one === '\ufe0f' || one === '\ufe0e') && /[\p{Emoji}]/u.test(before)) return false;
  return true;
}

function markOf(one) {
  const code = one.codePointAt(0);
  const number = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  const sort = BIDI.test(one) ? 'bidi'
    : TAGS.test(one) ? 'tag'
    : VARIATIONS.test(one) ? 'variation'
    : SPACES.test(one) ? 'space'
    : /\p{Cc}/u.test(one) ? 'control'
    : /[\p{Co}\p{Cs}]/u.test(one) ? 'private'
    : 'zero_width';
  const letter = sort === 'tag' && code > 0xe0020 && code < 0xe007f ? `tag ${String.fromCodePoint(code - 0xe0000)}` : '';
  return { shown: `⟦${number}⟧`, sort, name: NAMES[code] ?? letter };
}

/** How many points make the flag of England, Scotland or Wales at `at`; 0 for none. */
function nationFlag(points, at) {
  if (points[at].codePointAt(0) !== FLAG) return 0;
  const tags = points.slice(at + 1, at + 7).map((one) => one.codePointAt(0) - 0xe0000);
  const word = tags.slice(0, 5).map((code) => (code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : '')).join('');
  return NATIONS.has(word) && tags[5] === 0x7f ? 7 : 0;
}

function stackedFrom(points, at) {
  let before = 0;
  while (before < STACKED && at - before - 1 >= 0 && COMBINING.test(points[at - before - 1])) before += 1;
  return before >= STACKED;
}

function stackEnd(points, at) {
  let end = at;
  while (end < points.length && COMBINING.test(points[end])) end += 1;
  return end;
}

/** Spans into a tree; one that reaches over its parent's end is continued behind it. */
function nest(pieces, spans, points) {
  const order = [...spans].sort((a, b) => a.start - b.start || b.end - a.end || OUTER.indexOf(a.kind) - OUTER.indexOf(b.kind));
  const build = (from, to, within) => {
    const nodes = [];
    let at = from;
    const queue = [...within];
    while (queue.length) {
      const span = queue.shift();
      const end = Math.min(span.end, to);
      if (span.start < at || span.start >= to) continue;
      plainNodes(pieces, at, span.start, nodes);
      const inside = [];
      for (let n = 0; n < queue.length; ) {
        const other = queue[n];
        if (other.start >= end) break;
        if (other.end > end) {
          inside.push({ ...other, end });
          queue.splice(n, 1);
          const rest = { ...other, start: end };
          const place = queue.findIndex((one) => one.start > end);
          queue.splice(place < 0 ? queue.length : place, 0, rest);
        } else {
          inside.push(other);
          queue.splice(n, 1);
        }
      }
      const children = build(span.start, end, inside);
      nodes.push({ kind: span.kind, what: span.what, children });
      at = end;
    }
    plainNodes(pieces, at, to, nodes);
    return nodes;
  };
  return build(0, points.length, order);
}

function plainNodes(pieces, from, to, nodes) {
  let text = '';
  for (let n = firstPiece(pieces, from); n < pieces.length && pieces[n].start < to; n += 1) {
    const piece = pieces[n];
    if (piece.start < from) continue;
    if (piece.shown === undefined) text += piece.text;
    else {
      if (text) nodes.push({ kind: 'text', text });
      text = '';
      nodes.push({ kind: 'mark', shown: piece.shown, sort: piece.sort, name: piece.name });
    }
  }
  if (text) nodes.push({ kind: 'text', text });
}

/** The first piece at or behind a code point; pieces lie in order. */
function firstPiece(pieces, from) {
  let low = 0;
  let high = pieces.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (pieces[middle].start < from) low = middle + 1;
    else high = middle;
  }
  return low;
}
