/** The middle of the desk: tabs, who it is, what was said, the reply, and what may be done. */

import { html, render } from '/libraries/lit-html/lit-html.js';
import { addActions, drawActions } from './actions.js';
import { drawHeader } from './header.js';
import { mountTabs } from './tabs.js';
import { mountHanding } from './handing.js';
import { mountLines } from './lines.js';
import { addReadingAlong } from './reading_along.js';
import { mountReply } from './reply.js';
import { mountUnreachable } from './unreachable.js';
import { t } from '../words.js';

/** @param {HTMLElement} root @param {any} desk */
export function mountConversation(root, desk) {
  const { state, open } = desk;
  render(html`<div class="tabs-place"></div><div class="offers-place"></div><header class="head-place"></header>
    <div class="lines-place"></div><div class="suggestion-place"></div><div class="reply-place"></div><div class="actions-place"></div>`, root);
  const part = (name) => /** @type {HTMLElement} */ (root.querySelector(`.${name}-place`));
  const [head, actions] = [part('head'), part('actions')];

  const reply = mountReply(part('reply'), desk);
  addActions(desk, reply);
  desk.joinAsked = addReadingAlong(desk);
  mountTabs(part('tabs'), desk);
  mountHanding(part('offers'), desk);
  mountLines(part('lines'), desk, { ask: reply.fill, again: reply.again, sentAgain: reply.sentAgain });
  mountUnreachable(part('suggestion'), desk);

  // Words that another panel proposes go behind what stands in the reply; they are sent by its button alone.
  state.watch(['suggest_reply'], () => {
    const proposed = state.get('suggest_reply');
    if (!proposed || proposed.id !== state.get('shown') || !open.ours()) return;
    state.set('suggest_reply', null);
    reply.fill(proposed.text);
  });

  const draw = () => {
    const contact = open.shown();
    head.hidden = actions.hidden = !contact;
    root.classList.toggle('nothing-shown', !contact);
    drawHeader(head, desk, contact);
    drawActions(actions, desk, contact);
  };
  state.watch(['shown', 'contacts', 'open', 'tick', 'live', 'me', 'readers', 'joined'], draw);
  root.dataset.nothing = t('conversation.nothing');
}
