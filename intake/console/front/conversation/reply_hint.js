/** What stands beside the Send button: how long it is, whether it is kept, who else types. */

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { rings } from './stock_matching.js';
import { smsParts } from './sms_parts.js';
import { caller } from './header.js';
import { wayOf } from './way.js';
import { plain } from '../visible_text.js';
import { word } from '../visible_text_view.js';
import { t } from '../words.js';

/** @param {string} text @param {any} contact the shown one @param {string} kept a draft's status @param {string} live */
export function replyHint(text, contact, kept, live) {
  if (!contact) return nothing;
  const ringing = contact.contact.silent ? rings(text) : null;
  const way = wayOf(contact);
  return html`<span id="reply-facts" class="reply-facts number">${length(text, way.channel)}</span>
    ${contact.merged?.length ? html`<span class="way" data-way=${way.id}>${t('conversation.reply_goes', { way: word(`conversation.channel_${way.channel}`, way.channel), who: plain(caller(way.caller)) })}</span>` : nothing}
    ${kept ? html`<span class="kept ${kept}" data-kept=${kept}>${t(`conversation.draft_${kept}`)}</span>` : nothing}
    ${live === 'live' ? nothing : html`<span class="kept here">${t('conversation.no_line')}</span>`}
    ${ringing ? html`<span class="flag">${t('conversation.silent_word', { word: ringing })}</span>` : nothing}
    ${contact.typing?.length ? html`<span class="typing">${t('conversation.typing', { who: contact.typing.join(', ') })}</span>` : nothing}`;
}

function length(text, channel) {
  if (channel !== 'sms') return text ? t('conversation.letters', { count: Array.from(text).length }) : '';
  const { parts, room, forcedBy } = smsParts(text);
  if (!parts) return '';
  const said = t(parts === 1 ? 'conversation.sms_one' : 'conversation.sms_parts', { parts, room });
  return forcedBy ? html`${said} · <span class="forced">${t('conversation.sms_forced', { character: forcedBy })}</span>` : said;
}
