/** What a supervisor does, each by a dialog that says what will happen, and what the server answered. */

import { html } from '/libraries/lit-html/lit-html.js';
import { ApiError } from '../api.js';
import { openDialog } from '../dialog.js';
import { refused } from '../told.js';
import { t } from '../words.js';

export class Acts {
  constructor({ state, api, say }) {
    Object.assign(this, { state, api, say });
  }

  /** Ask for what the live line does not bring: channels, links, caps, the automatic reply. */
  async refresh() {
    const [whole, people, rule] = await Promise.all([
      this.api.get('/supervisor').catch(() => null),
      this.api.get('/accounts/colleagues').catch(() => null),
      this.api.get('/house-rules/automatic-reply').catch(() => null),
    ]);
    if (whole) {
      this.state.set('whole', whole);
      // Until the live line has said it: the same rows.
      if (!this.state.get('desks').length) this.state.set('desks', whole.desks);
    }
    if (people) this.state.set('people', people.colleagues);
    if (rule) this.state.set('rule', rule);
  }

  /** Do one thing and say how it ended; returns whether it was done. */
  async doing(work, done) {
    try {
      await work();
      this.tell(done);
      await this.refresh();
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.tell(error.status === 0 ? t('queue.no_answer') : refused(error), true);
      return false;
    }
  }

  tell(text, isTrouble = false) {
    this.state.set('told', { text, isTrouble });
    this.say(text);
  }

  async move(contact) {
    const free = this.state.get('desks').filter((one) => one.connected && one.handler !== contact.handler);
    const chosen = await form(t('supervisor.move_title', { reference: contact.reference }), t('supervisor.move_text'), html`
      <p><label for="act-to">${t('supervisor.to_desk')}</label><br><select id="act-to" name="to" autofocus required>
        ${free.map((one) => html`<option value=${one.handler}>${t('queue.desk_is', { number: one.number })} · ${one.handler} · ${t(`queue.${one.state}`)} · ${t('supervisor.has_open', { count: one.open.length })}</option>`)}</select></p>
      <p><label for="act-reason">${t('supervisor.reason_may')}</label><br><input id="act-reason" name="reason" maxlength="200"></p>`, t('supervisor.move'), free.length === 0 ? t('supervisor.no_desk') : '');
    if (chosen) await this.doing(() => this.api.post(`/contacts/${contact.id}/move`, { to: chosen.to, reason: chosen.reason }), t('supervisor.moved', { reference: contact.reference, desk: chosen.to }));
  }

  async raise(contact) {
    const higher = [1, 2].filter((one) => one < contact.priority);
    const chosen = await form(t('supervisor.raise_title', { reference: contact.reference }), t('supervisor.raise_text', { priority: contact.priority }), html`
      <fieldset><legend>${t('supervisor.new_priority')}</legend>${higher.map((one) => html`<label class="choice"><input type="radio" name="priority" value=${one} required ?autofocus=${one === higher[0]} .checked=${one === higher[0]}> <span class="badge p${one}">${one}</span></label> `)}</fieldset>
      <p><label for="act-reason">${t('supervisor.reason')}</label><br><input id="act-reason" name="reason" maxlength="200" required></p>`, t('supervisor.raise'));
    if (chosen) await this.doing(() => this.api.post(`/contacts/${contact.id}/raise`, { priority: Number(chosen.priority), reason: chosen.reason }), t('supervisor.raised', { reference: contact.reference, priority: chosen.priority }));
  }

  cap(handler, limit) {
    return this.doing(() => this.api.post('/supervisor/caps', { handler, open_limit: limit }), t('supervisor.capped', { handler, count: limit }));
  }

  async automatic(rule) {
    const words = this.state.get('rule')?.choices?.find((one) => one.rule === rule)?.ask_location ?? {};
    const said = Object.entries(words).map(([language, one]) => html`<blockquote lang=${language}>${one.text}</blockquote>`);
    const chosen = await form(t('supervisor.automatic'), t('supervisor.automatic_sure', { rule: t(`supervisor.rule_${rule}`) }), said, t('supervisor.automatic_set'));
    if (chosen) await this.doing(() => this.api.post('/house-rules/automatic-reply', { rule }), t('supervisor.automatic_done', { rule: t(`supervisor.rule_${rule}`) }));
    else this.state.touch('rule');
  }
}

/** A form in the dialog; resolves with its fields, undefined where it was left. `trouble` says why it cannot be sent. */
function form(title, text, fields, button, trouble = '') {
  return openDialog(title, (close) => html`<form class="act" @submit=${(event) => {
    event.preventDefault();
    close(Object.fromEntries(new FormData(event.target)));
  }}><p>${text}</p>${trouble ? html`<p class="error">${trouble}</p>` : fields}
    <p><button type="submit" class="button main" ?disabled=${trouble !== ''}>${button}</button>
      <button type="button" class="button" @click=${() => close(undefined)}>${t('common.cancel')}</button></p></form>`);
}
