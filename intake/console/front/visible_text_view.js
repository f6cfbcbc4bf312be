/** Draws what `visible_text.js` found: as text nodes and spans, never as markup of the caller's. */

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { visible } from './visible_text.js';
import { t } from './words.js';

const DOUBTS = ['mixed', 'hidden', 'user', 'coded', 'foreign', 'numbers', 'scheme'];

const KEPT_CHARACTERS = 2_000_000;
const kept = new Map();
let keptCharacters = 0;

/** The tree of a text; a conversation is drawn again with each message, its old lines are not read again. */
function treeOf(text, clues, limit) {
  const name = JSON.stringify([limit ?? 0, clues, text]);
  let found = kept.get(name);
  if (!found) {
    if (keptCharacters > KEPT_CHARACTERS) {
      kept.clear();
      keptCharacters = 0;
    }
    found = visible(text, clues, limit);
    kept.set(name, found);
    keptCharacters += name.length;
  }
  return found;
}

/**
 * A caller's text, isolated from what stands around it.
 * @param {string} text
 * @param {{clues?: any[], language?: string, limit?: number, more?: () => void}} how `more` is called by "show all"
 */
export function visibleText(text, { clues = [], language = '', limit, more } = {}) {
  const found = treeOf(text, clues, limit);
  return html`<bdi class="said-text" dir="auto" lang=${language || nothing}>${found.nodes.map(draw)}${found.cut ? '…' : nothing}</bdi>${found.cut && more
    ? html` <button type="button" class="button small" @click=${more}>${t('conversation.show_all', { count: found.length.toLocaleString() })}</button>`
    : nothing}`;
}

function draw(node) {
  if (node.kind === 'text') return node.text;
  if (node.kind === 'mark') return html`<span class="hidden-character ${node.sort}" title=${markTitle(node)}>${node.shown}</span>`;
  if (node.kind === 'owner') return html`<strong>${node.children.map(draw)}</strong>`;
  if (node.kind === 'clue') return html`<span class="clue ${node.what.negated ? 'negated' : ''}" title=${clueTitle(node.what)}>${node.children.map(draw)}<span class="spoken" lang=${document.documentElement.lang}> (${spokenClue(node.what)})</span></span>`;
  const doubt = DOUBTS.find((one) => node.what.doubts.includes(one));
  return html`<bdi class="link ${doubt ? 'doubted' : ''}" dir="ltr" title=${t('conversation.link_inert')}>${node.children.map(draw)}</bdi>${doubt
    ? html`<span class="doubt">${t(`conversation.link_${doubt}`)}</span>`
    : nothing}`;
}

function markTitle(mark) {
  const sort = t(`conversation.hidden_${mark.sort}`);
  return mark.name && mark.sort !== 'stacked' ? `${sort}: ${mark.name}` : sort;
}

/** What a clue is, in words. */
export function clueTitle(clue) {
  return [...clueParts(clue), clue.note].filter(Boolean).join(' · ');
}

/** The same for whoever cannot see the line under it: a note without Welsh is said in English. */
function spokenClue(clue) {
  if (!clue.note || !clue.noteIsEnglish) return clueTitle(clue);
  return html`${clueParts(clue).join(' · ')} · <span lang="en">${clue.note}</span>`;
}

function clueParts(clue) {
  const parts = [word(`conversation.clue_${clue.kind}`, clue.kind)];
  if (clue.negated) parts.push(t('conversation.clue_negated'));
  if (clue.whose && clue.whose !== 'unsaid') parts.push(word(`conversation.whose_${clue.whose}`, clue.whose));
  if (clue.options?.length) parts.push(t('conversation.clue_options', { options: clue.options.join('; ') }));
  else if (!clue.located && !clue.negated) parts.push(t('conversation.clue_not_found'));
  return parts;
}

/** A word of the interface, or the name itself where there is none: channels and kinds may be added any day. */
export function word(key, name) {
  const said = t(key);
  return said.startsWith('⟦') ? name : said;
}
