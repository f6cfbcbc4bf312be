/** Stock replies: `/` in the reply opens them, typing narrows them, Enter puts one in. */

import { html, nothing, render } from '/libraries/lit-html/lit-html.js';
import { matching, slashBefore } from './stock_matching.js';
import { filled, refused } from '../told.js';
import { t } from '../words.js';

const LANGUAGES = ['en', 'cy'];

export class StockReplies {
  /**
   * @param {{root: HTMLElement, field: HTMLTextAreaElement, api: any, context: () => {language: string, silent: boolean, id: string},
   *          changed: () => void}} how `changed` after a text was put in
   */
  constructor({ root, field, api, context, changed }) {
    Object.assign(this, { root, field, api, context, changed });
    this.answer = null;
    this.query = null;
    this.at = 0;
    this.chosen = {};
    field.setAttribute('aria-autocomplete', 'list');
    field.addEventListener('input', () => this.look());
    field.addEventListener('keydown', (event) => this.key(event));
    field.addEventListener('blur', () => setTimeout(() => this.field.ownerDocument.activeElement !== field && this.close(), 150));
  }

  /** Which of our languages is put in: the caller's, or the one chosen for this contact. */
  language() {
    const { id, language } = this.context();
    return this.chosen[id] ?? (language?.toLowerCase().split(/[-_]/)[0] === 'cy' ? 'cy' : 'en');
  }

  async load() {
    this.answer ??= await this.api.get('/stock-replies');
    return this.answer.replies;
  }

  get isOpen() {
    return this.query !== null;
  }

  async look() {
    const found = slashBefore(this.field.value, this.field.selectionStart);
    if (!found) return this.close();
    this.query = found;
    this.at = 0;
    try {
      await this.load();
    } catch (error) {
      this.trouble = refused(error);
    }
    if (this.query === found) this.draw();
  }

  /** By the button: as if `/` had been typed. */
  open() {
    const { field } = this;
    field.focus();
    const at = field.selectionStart;
    const gap = at > 0 && !/\s/u.test(field.value[at - 1]) ? ' /' : '/';
    field.setRangeText(gap, at, field.selectionEnd, 'end');
    field.dispatchEvent(new Event('input', { bubbles: true }));
  }

  rows() {
    return matching(this.answer?.replies ?? [], this.query?.words ?? '', this.language(), this.context().silent);
  }

  key(event) {
    if (!this.isOpen) return;
    const rows = this.rows();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && rows.length) {
      this.at = (this.at + step + rows.length) % rows.length;
      this.draw();
    } else if (event.key === 'Enter' && !event.ctrlKey && rows.length) this.put(rows[this.at]);
    else if (event.key === 'Escape') this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  put(reply, language = this.language()) {
    const { start, end } = this.query;
    this.field.setRangeText(reply.texts[language].text, start, end, 'end');
    this.close();
    this.field.focus();
    this.changed();
  }

  close() {
    if (this.query === null && !this.root.firstElementChild) return;
    this.query = null;
    for (const name of ['aria-activedescendant', 'aria-controls']) this.field.removeAttribute(name);
    render(nothing, this.root);
  }

  draw() {
    const rows = this.rows();
    const language = this.language();
    const other = LANGUAGES.find((one) => one !== language);
    if (rows.length) this.field.setAttribute('aria-activedescendant', `stock-${rows[this.at]?.id}`);
    else this.field.removeAttribute('aria-activedescendant');
    this.field.setAttribute('aria-controls', 'stock-list');
    // The field keeps the focus when the list is pressed; who tabs into it has the same keys there.
    const keep = (event) => event.preventDefault();
    render(html`<div class="stock" @mousedown=${keep}>
      <div class="stock-head"><strong>${t('conversation.stock')}</strong> <span role="status">${t('conversation.stock_count', { count: rows.length })}</span>
        <button type="button" class="button small" @click=${() => this.speak(other)}>${t(`conversation.in_${other}`)}</button></div>
      ${this.trouble && !this.answer ? html`<p class="flag">${filled('conversation.stock_trouble', { reason: this.trouble })}</p>` : nothing}
      <ul id="stock-list" role="listbox" tabindex="0" aria-label=${t('conversation.stock')} @keydown=${(event) => this.key(event)}>${rows.map((one, n) => html`<li id="stock-${one.id}" role="option"
          aria-selected=${n === this.at ? 'true' : 'false'} @click=${() => this.put(one)}><kbd>${one.shortcut}</kbd>
          <span><span lang=${language}>${one.texts[language].text}</span>
          ${one.texts[language].reviewed ? nothing : html` <span class="unreviewed">${t('conversation.unreviewed')}</span>`}
          ${language === 'en' ? nothing : html`<br><span class="quiet" lang="en">${one.texts.en.text}</span>`}</span></li>`)}</ul></div>`, this.root);
    this.root.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }

  speak(language) {
    this.chosen[this.context().id] = language;
    this.draw();
  }
}
