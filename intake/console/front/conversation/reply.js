/** The reply: typed here, kept at once, sent once. */

import { html, nothing, render } from '/libraries/lit-html/lit-html.js';
import { Drafts } from './drafts.js';
import { ReplySending } from './reply_sending.js';
import { replyHint } from './reply_hint.js';
import { StockReplies } from './stock.js';
import { now } from '../times.js';
import { t } from '../words.js';

/** @param {HTMLElement} root @param {any} desk */
export function mountReply(root, desk) {
  const { state, commands, live, open } = desk;
  const drafts = new Drafts({
    api: desk.api,
    handler: state.get('me').handler,
    stores: [localStorage, sessionStorage],
    now,
    changed: () => state.touch('drafts'),
  });
  state.set('drafts', drafts);

  render(html`<div class="reply"><label class="spoken" for="reply-text">${t('conversation.reply')}</label>
    <div class="stock-place"></div>
    <textarea id="reply-text" rows="3" dir="auto" autocomplete="off" placeholder=${t('conversation.reply_hint')} aria-describedby="reply-facts"></textarea>
    <div class="reply-trouble" role="alert"></div><div class="reply-row"></div></div>`, root);
  const field = /** @type {HTMLTextAreaElement} */ (root.querySelector('textarea'));
  const trouble = root.querySelector('.reply-trouble');
  const row = /** @type {HTMLElement} */ (root.querySelector('.reply-row'));
  let fieldOf = null;
  let met = false;

  const sending = new ReplySending({ desk, drafts, changed: () => draw(), taken: (id, text) => {
    if (fieldOf === id && field.value === text) field.value = '';
    // What was typed while it went is still in the field, and in the draft.
    else if (fieldOf === id) drafts.set(id, field.value);
  } });
  const context = () => {
    const contact = open.shown()?.contact;
    return { id: state.get('shown') ?? '', language: contact?.language ?? '', silent: Boolean(contact?.silent) };
  };
  const stock = new StockReplies({ root: root.querySelector('.stock-place'), field, api: desk.api, context, changed: () => typed() });

  const typed = () => {
    if (!fieldOf) return;
    drafts.set(fieldOf, field.value);
    sending.forgive(fieldOf);
    draw();
  };
  field.addEventListener('input', typed);
  // A window that closes within the half second still has it in the browser; this only makes sure of the last key.
  window.addEventListener('pagehide', () => fieldOf && drafts.text(fieldOf) !== field.value && drafts.set(fieldOf, field.value));

  /** Put words into the reply, behind what stands there, and go on typing. */
  const fill = (text) => {
    const gap = field.value && !/\s$/u.test(field.value) ? '\n' : '';
    field.setRangeText(gap + text, field.value.length, field.value.length, 'end');
    typed();
    field.focus();
  };

  const meet = () => {
    const id = state.get('shown');
    if (id !== fieldOf) {
      stock.close();
      fieldOf = id;
      met = false;
      field.value = id ? drafts.text(id) : '';
    }
    const contact = open.shown();
    if (!met && id && contact) {
      met = true;
      const kept = drafts.meet(id, contact.draft ?? '');
      if (!field.value) field.value = kept;
    }
  };

  /** Whoever took a contact, or went to it by its key, types next. Nothing that comes in ever moves the focus. */
  const goOn = (mine) => {
    if (state.get('type_to') !== fieldOf || !mine) return;
    state.set('type_to', null);
    if (!document.querySelector('dialog[open]')) field.focus({ preventScroll: true });
  };

  const draw = () => {
    meet();
    const contact = open.shown();
    const mine = Boolean(open.ours());
    // Whoever only looks has nothing to type; what was typed before a claim was lost stays in sight.
    root.hidden = !contact || (!mine && !field.value && !open.find(fieldOf));
    const error = sending.error(fieldOf);
    render(error ? html`<p class="flag">${error}</p>` : nothing, /** @type {HTMLElement} */ (trouble));
    render(html`${commands.button('conversation.reply', 'main')}
      <button type="button" class="button small" @click=${() => stock.open()}>${t('conversation.stock_button')} <kbd>/</kbd></button>
      ${replyHint(field.value, contact, drafts.status(fieldOf), state.get('live').status)}`, row);
    if (contact) goOn(mine);
  };

  commands.add({
    id: 'conversation.reply', key: 'Ctrl+Enter', label: 'conversation.send', area: 'conversation',
    when: () => Boolean(open.ours()) && field.value.trim() !== '' && !sending.busy(fieldOf),
    run: () => {
      stock.close();
      return sending.send(fieldOf, field.value);
    },
  });
  live.onOpen(() => drafts.saveAll());
  state.watch(['shown', 'contacts', 'open', 'drafts', 'live', 'type_to'], draw);
  return { fill, field, drafts, again: (line) => sending.again(line), sentAgain: (id) => sending.sentAgain(id) };
}
