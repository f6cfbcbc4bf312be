/** The lines of the shown contact. They keep their place; what comes below while one reads above is counted. */

import { html, nothing, render } from '/libraries/lit-html/lit-html.js';
import { repeat } from '/libraries/lit-html/directives/repeat.js';
import { plain } from '../visible_text.js';
import { entries } from './lines_order.js';
import { entry } from './lines_view.js';
import { Looking } from './looking.js';
import { t } from '../words.js';

const NEAR_PX = 40;
const SAID_AT_MOST = 200;

/**
 * @param {HTMLElement} root
 * @param {any} desk
 * @param {{ask: (question: string) => void, again: (line: any) => void, sentAgain: (id: string) => string}} reply
 */
export function mountLines(root, desk, reply) {
  const { state, open } = desk;
  const unfolded = new Set();
  /** Where each contact was left: pixels from the top, or null for "at the end". */
  const places = new Map();
  /** How many entries each contact had when its end was last in sight. */
  const seen = new Map();
  let shownId = null;
  let drawnId = null;
  let drawn = null;
  const looking = new Looking(desk, () => {
    draw();
    keepInSight();
  });

  render(html`<div class="lines" tabindex="0" role="region" aria-label=${t('conversation.lines')}><ol></ol></div>
    <div class="below"></div><div class="spoken" role="log" aria-label=${t('conversation.new_lines')}></div>`, root);
  const [scroller, below, spoken] = /** @type {HTMLElement[]} */ ([...root.children]);
  const list = scroller.querySelector('ol');

  const atEnd = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_PX;
  const toEnd = () => {
    scroller.scrollTop = scroller.scrollHeight;
    drawBelow();
  };
  /** What was pressed stays where it can be seen, whatever opened above or under it. */
  const keepInSight = () => {
    const card = /** @type {HTMLElement | null} */ (document.activeElement?.closest('.attachment'));
    card?.scrollIntoView({ block: card.offsetHeight > scroller.clientHeight ? 'start' : 'nearest' });
  };
  const drawBelow = () => {
    if (shownId && atEnd()) seen.set(shownId, drawn?.length ?? 0);
    const more = (drawn?.length ?? 0) - (seen.get(shownId) ?? 0);
    render(shownId && more > 0
      ? html`<button type="button" class="button" @click=${toEnd}>${t('conversation.below', { count: more })}</button>` : nothing, below);
  };
  scroller.addEventListener('scroll', () => {
    if (!shownId || drawnId !== shownId) return;
    places.set(shownId, atEnd() ? null : scroller.scrollTop);
    drawBelow();
  });

  const draw = () => {
    shownId = state.get('shown');
    const contact = open.shown();
    const stays = drawnId === shownId;
    if (!stays) looking.forget();
    const wasAtEnd = !stays || atEnd();
    const before = stays ? drawn : null;
    drawn = contact ? entries(contact) : [];
    // Before the place is set: what is hidden has no height.
    root.hidden = !contact;
    const mine = Boolean(open.ours());
    const how = {
      contact,
      me: state.get('me').handler,
      unfolded,
      unfold: (what) => {
        unfolded.add(what);
        draw();
      },
      sentAgain: reply.sentAgain,
      looking,
      ...(mine ? { ask: reply.ask, again: reply.again } : {}),
    };
    render(repeat(drawn, (one) => one.id, (one) => entry(one, how)), list);
    drawnId = contact ? shownId : null;
    if (!stays && contact) {
      spoken.textContent = '';
      const place = places.get(shownId);
      scroller.scrollTop = place ?? scroller.scrollHeight;
      if (place == null) seen.set(shownId, drawn.length);
    } else if (wasAtEnd) scroller.scrollTop = scroller.scrollHeight;
    if (before && contact) announce(before, drawn);
    drawBelow();
  };

  const announce = (before, after) => {
    const had = new Set(before.map((one) => one.id));
    for (const one of after) {
      if (had.has(one.id) || one.kind !== 'said' || one.ours) continue;
      const line = document.createElement('p');
      line.textContent = t('conversation.caller_wrote', { text: plain(one.line.text).slice(0, SAID_AT_MOST) });
      spoken.append(line);
      while (spoken.children.length > 5) spoken.firstElementChild.remove();
    }
  };

  state.watch(['shown', 'contacts', 'open'], draw);
  state.watch(['locked'], () => state.get('locked') && looking.veil());
  return { draw };
}
