/** Another room, proposed since the place changed: a person sends there or leaves it; nothing goes by itself. */

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { repeat } from '/libraries/lit-html/directives/repeat.js';
import { serviceName } from './service_name.js';
import { keyName } from '../commands.js';
import { told } from '../told.js';
import { t } from '../words.js';

const KEY = 'Alt+r';
const REASON_LIMIT = 200;

export class Reroutes {
  /**
   * @param {HTMLElement} root the panel that holds the cards
   * @param {(id: string, work: () => Promise<any>) => Promise<void>} attempt does it, and shows what is refused
   */
  constructor(root, desk, attempt) {
    Object.assign(this, { root, desk, attempt });
    this.busy = new Set();
    this.told = new Set();
    // The key goes to the choice and makes none: what it sends would stand in no field that was read.
    desk.commands.add({
      id: 'handover.reroute', key: KEY, label: 'handover.to_reroute', area: 'contact', when: () => this.first() !== null,
      why: () => t('handover.no_reroute'), run: () => this.first().focus(),
    });
  }

  first() {
    return /** @type {HTMLElement | null} */ (this.root.querySelector('.reroute .button'));
  }

  /** The cards of one contact, `ours` with their buttons. */
  cards(contact, ours) {
    const open = contact.reroutes.filter((one) => one.state === 'open');
    return repeat(open, (one) => one.id, (one) => {
      const chooses = one.kind === 'other_room' && ours;
      if (chooses) this.tell(one);
      return html`<section class="reroute" data-kind=${one.kind} aria-label=${t('handover.place_changed')}>
        <p>${words(one, chooses)}${chooses ? html` <kbd>${keyName(KEY)}</kbd>` : nothing}</p>
        ${one.reason && one.kind !== 'other_room' ? html`<p class="quiet">${told(one.reason, contact.welsh)}</p>` : nothing}
        ${chooses ? this.choice(contact.contact.id, one) : nothing}</section>`;
    });
  }

  /** Said once to whoever does not look. */
  tell(one) {
    if (this.told.has(one.id)) return;
    this.told.add(one.id);
    this.desk.say(`${t('handover.place_changed')} ${other(one)}`);
  }

  choice(id, one) {
    const busy = this.busy.has(one.id);
    const stay = (event) => {
      event.preventDefault();
      const reason = String(new FormData(event.target).get('reason')).trim();
      if (reason) this.choose(id, one, 'stay', { reason });
    };
    return html`<p class="reroute-go"><button type="button" class="button main" aria-keyshortcuts=${KEY} ?disabled=${busy}
        @click=${() => this.choose(id, one, 'reroute', {})}>${t('handover.send_there', { room: one.proposed_room_name })}</button></p>
      <form class="reroute-stay" @submit=${stay}><label>${t('handover.stay_because')} <input name="reason" required maxlength=${REASON_LIMIT} autocomplete="off"></label>
        <button class="button" ?disabled=${busy}>${t('handover.stay')}</button></form>`;
  }

  /** Once, however often the key is pressed. */
  async choose(id, one, verb, body) {
    if (this.busy.has(one.id)) return;
    this.busy.add(one.id);
    try {
      await this.attempt(id, () => this.desk.open.change(id, verb, { service: one.service, ...body }));
    } finally {
      this.busy.delete(one.id);
    }
    // The card has gone with the focus in it: Tab goes on from here.
    if (document.activeElement === document.body) /** @type {HTMLElement} */ (this.root.querySelector('.handover-body'))?.focus();
  }
}

/** Where the buttons name the rooms, the sentence need not. */
function words(one, chooses) {
  const held = chooses ? t('handover.other_area') : one.kind === 'other_room' ? other(one) : t('handover.room_told', { held: one.held_room_name });
  return html`<strong>${t('handover.place_changed')}</strong> ${serviceName(one.service)}: ${t('handover.moved', { distance: distance(one.moved_m) })} ${held}`;
}

function other(one) {
  return t('handover.other_room', { proposed: one.proposed_room_name, held: one.held_room_name });
}

function distance(metres) {
  return metres >= 1000 ? `${(metres / 1000).toFixed(1)} km` : `${Math.round(metres)} m`;
}
