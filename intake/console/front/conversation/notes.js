/** Notes among handlers: read beside the conversation, never said to a caller. */

import { html } from '/libraries/lit-html/lit-html.js';
import { openDialog } from '../dialog.js';
import { t } from '../words.js';

const LONGEST = 4_000;
/** What was typed into a note that was not kept, by contact. */
const unsaid = new Map();

/** @param {any} desk @param {(id: string, run: () => any, extra?: object) => void} add */
export function addTheseNotes(desk, add) {
  add('conversation.note', async () => {
    const { id, reference } = desk.open.shown().contact;
    const before = unsaid.get(id) ?? '';
    const text = await openDialog(t('conversation.note_title', { reference }), (close) => html`
      <p>${t('conversation.note_why')}</p>
      <div class="field"><label for="note-text">${t('conversation.note_text')}</label>
        <textarea id="note-text" class="note-field" rows="5" maxlength=${LONGEST} .value=${before}
          @input=${(event) => unsaid.set(id, event.target.value)}
          @keydown=${(event) => event.key === 'Enter' && event.ctrlKey && close(unsaid.get(id))}></textarea></div>
      <p><button type="button" class="button main" @click=${() => close(unsaid.get(id))}>${t('conversation.note_keep')} <kbd>Ctrl Enter</kbd></button>
        <button type="button" class="button" @click=${() => close()}>${t('common.cancel')}</button></p>`);
    if (!text?.trim()) return;
    await desk.api.post(`/contacts/${id}/notes`, { text: text.trim() });
    unsaid.delete(id);
    await desk.open.fetch(id);
  }, { when: () => Boolean(desk.open.shown()) && desk.state.get('live').status === 'live' });
}
