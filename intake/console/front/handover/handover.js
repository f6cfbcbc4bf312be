/** Hand-over: which services, who would get it, the summary, and what became of it. F8 shows, then sends. */

import { html, nothing, render } from '/libraries/lit-html/lit-html.js';
import { isTaken, proposals, turn } from './agreements.js';
import { HandoverDrafts } from './draft.js';
import { HandoverLooks } from './looks.js';
import { failedLine, handedOver, lines, pending, plan } from './model.js';
import { routeCards } from './route.js';
import { Reroutes } from './reroutes.js';
import { priorityButtons, servicePicker } from './services.js';
import { methaneForm } from './methane.js';
import * as methane from './methane_model.js';
import { chooseRoom } from './rooms.js';
import { now } from '../times.js';
import { refused } from '../told.js';
import { transferLines } from './transfers.js';
import { t } from '../words.js';

/** A second F8 sooner than this is the same press: a shaking hand, a key that repeats. */
const SAME_PRESS_MS = 600;

class Handover {
  constructor(root, desk) {
    Object.assign(this, { root, desk });
    this.drafts = new HandoverDrafts(sessionStorage, desk.state.get('me').handler);
    this.looks = new HandoverLooks(desk, () => this.draw());
    this.sending = new Set();
    this.reroutes = new Reroutes(root, desk, (id, work) => this.try(id, work));
    this.trouble = new Map();
    this.openSummaryOf = null;
    this.openedAt = 0;
    this.focusedField = null;
    this.openedFrom = null;
    desk.commands.add({ id: 'handover.send', key: 'F8', label: 'handover.send', area: 'contact', when: () => this.ours() !== null, why: () => t('handover.not_ours'), run: () => this.forward() });
    desk.commands.add({ id: 'handover.another_room', label: 'handover.another_room', area: 'contact', when: () => this.ours() !== null && this.firstService() !== undefined, why: () => t('handover.none_ticked'), run: () => this.choose(this.firstService()) });
    desk.commands.add({ id: 'handover.agreement', label: 'handover.agreement', area: 'contact', when: () => this.ours() !== null && this.proposed() !== undefined, why: () => t('handover.no_agreement'), run: () => turn(this.proposed(), true, this.choices(this.shown())) });
    root.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && this.openSummaryOf) this.closeSummary();
    });
    desk.state.watch(['shown', 'open', 'contacts', 'tick', 'live'], () => this.draw());
  }

  shown() {
    return this.desk.open.shown();
  }

  ours() {
    return this.shown() && this.desk.open.ours() && this.shown().contact.state !== 'closed' ? this.desk.open.ours() : null;
  }

  draft() {
    return this.drafts.get(this.shown().contact.id);
  }

  change(changes) {
    this.drafts.set(this.shown().contact.id, changes);
    this.draw();
  }

  /** All that one drawing needs to know of the shown contact. */
  look() {
    const contact = this.shown();
    const id = contact.contact.id;
    const draft = this.drafts.get(id);
    const looked = this.looks.of(contact, draft);
    if (looked.summary && !draft.begun) {
      const begun = looked.summary.sent ? methane.adopt(looked.summary.sent, looked.summary.prefill) : draft.methane;
      return this.lookWith(contact, this.drafts.set(id, { begun: true, methane: begun }), looked);
    }
    return this.lookWith(contact, draft, looked);
  }

  lookWith(contact, draft, looked) {
    // What is under the cursor stays as it is until the cursor leaves it.
    const prefill = { ...looked.summary?.prefill, ...(this.focusedField ?? {}) };
    const form = methane.values(prefill, draft.methane);
    const known = { decisions: looked.decisions, chosen: draft.rooms, ticked: draft.ticked, changedFields: methane.changedFields(form, looked.summary?.sent) };
    return { contact, draft, ...looked, prefill, form, plan: plan(contact, known), fault: methane.fault(form) };
  }

  // -- F8 ---------------------------------------------------------------------------------------------

  /** Show the summary if it was not seen, else send what the button says. Never while it is being sent. */
  async forward() {
    const { contact, draft, plan: next, fault } = this.look();
    const id = contact.contact.id;
    if (this.sending.has(id) || performance.now() - this.openedAt < SAME_PRESS_MS) return;
    if (next.kind === 'nothing') return this.sayNothing(next);
    if (next.kind === 'choose') return this.choose(next.service);
    if (!draft.seen) return this.openSummary(id);
    if (fault) return this.field(fault)?.focus();
    if (next.kind === 'looking') return this.desk.say(t('handover.looking'));
    return this.send(id, next);
  }

  sayNothing(next) {
    this.desk.say(t(`handover.${next.reason}`));
    if (next.reason === 'none_ticked') /** @type {HTMLElement} */ (this.root.querySelector('input[name="service"]'))?.focus();
  }

  openSummary(id) {
    this.openSummaryOf = id;
    this.openedAt = performance.now();
    this.openedFrom = document.activeElement;
    this.change({ seen: true });
  }

  /** F8 goes to the first field: at once, or when the summary has come and nobody has gone elsewhere since. */
  focusFirst() {
    const field = this.openedFrom && this.field('exact_location');
    if (!field) return;
    if (document.activeElement === this.openedFrom || document.activeElement === document.body) field.focus();
    this.openedFrom = null;
  }

  closeSummary() {
    this.openSummaryOf = null;
    this.draw();
    /** @type {HTMLElement} */ (this.root.querySelector('[data-command="handover.send"]'))?.focus();
  }

  field(name) {
    return /** @type {HTMLElement} */ (this.root.querySelector(`[name="methane-${name}"]`));
  }

  async send(id, next) {
    this.sending.add(id);
    this.trouble.delete(id);
    this.draw();
    const { contact, form } = this.look();
    try {
      const report = methane.body(form);
      const seen = { transfers: handedOver(contact), rooms: next.named };
      if (next.kind === 'update') await this.desk.open.change(id, 'update', { methane: report, seen: { transfers: seen.transfers } });
      else await this.desk.open.change(id, 'send', { services: next.services, rooms: next.byHand, methane: report, seen });
      this.drafts.set(id, { rooms: {}, ticked: {}, seen: false });
      if (this.openSummaryOf === id) this.openSummaryOf = null;
      this.looks.again(id);
      this.desk.say(t('handover.sent_to', { rooms: names(next.rooms) }));
    } catch (error) {
      this.trouble.set(id, error.status === 0 ? t('handover.no_answer') : refused(error));
      // It may have gone through: what the contact says now decides, and the server sends nothing twice.
      await this.desk.open.fetch(id);
      this.looks.again(id);
    } finally {
      this.sending.delete(id);
      this.draw();
    }
  }

  // -- choices ----------------------------------------------------------------------------------------

  async tick(service, on) {
    this.change({ ticked: { ...this.draft().ticked, [service]: on } });
    const { contact } = this.shown();
    if (!this.ours()) return;
    const ticked = Object.entries(this.draft().ticked).filter(([, is]) => is).map(([name]) => name);
    // The queue shows one service: the first a person has ticked, where nobody asked for another.
    if (on && !contact.service && ['police', 'ambulance', 'fire', 'coastguard'].includes(service) && ticked.length === 1) {
      await this.try(contact.id, () => this.desk.open.change(contact.id, 'service', { service }));
    }
  }

  firstService() {
    const next = this.shown() ? this.look().plan : null;
    return next?.services?.[0] ?? next?.service ?? lines(this.shown() ?? { transfers: [] })[0]?.service;
  }

  async choose(service) {
    const id = this.shown().contact.id;
    const room = await chooseRoom(this.desk, service);
    if (room) this.take(id, service, room);
  }

  /** A room by hand, or the map's again with null. */
  take(id, service, room) {
    const { [service]: _before, ...rooms } = this.drafts.get(id).rooms;
    const ticked = { ...this.drafts.get(id).ticked, [service]: true };
    this.drafts.set(id, { rooms: room ? { ...rooms, [service]: room } : rooms, ticked });
    this.draw();
  }

  choices({ contact }) {
    return { tick: (service, on) => this.tick(service, on), take: (service, room) => this.take(contact.id, service, room) };
  }

  /** The first that an agreement proposes and nobody has added. */
  proposed() {
    const { contact, draft, added } = this.look();
    const chosen = new Set(pending(contact, draft.ticked));
    return proposals(contact, added).find((one) => !isTaken(one, draft, chosen));
  }

  async try(id, work) {
    this.trouble.delete(id);
    try {
      await work();
    } catch (error) {
      this.trouble.set(id, error.status === 0 ? t('handover.no_answer') : refused(error));
    }
    this.draw();
  }

  // -- drawing ----------------------------------------------------------------------------------------

  draw() {
    const contact = this.shown();
    if (!contact) {
      this.openSummaryOf = null;
      document.querySelector('.side')?.classList.remove('summary-open');
      render(html`<h2 class="panel-title">${t('handover.title')}</h2><p class="handover-empty quiet">${t('handover.empty')}</p>`, this.root);
      return;
    }
    const at = this.look();
    const open = this.openSummaryOf === contact.contact.id;
    document.querySelector('.side')?.classList.toggle('summary-open', open);
    const ours = this.ours() !== null;
    render(html`${this.head(at, ours)}
      <div class="handover-body" tabindex="-1">
        ${this.reroutes.cards(at.contact, ours)}
        ${transferLines(at.contact, now(), { ours, choose: (service) => this.choose(service) })}
        ${ours ? servicePicker(at, this.choices(at.contact)) : nothing}
        ${ours && !open ? routeCards(at, { choose: (service) => this.choose(service), ...this.choices(at.contact) }) : nothing}
        ${ours && open ? methaneForm(at, this.formEvents()) : nothing}
      </div>
      ${this.foot(at, ours, open)}`, this.root);
    if (open) this.focusFirst();
  }

  head({ contact }, ours) {
    const id = contact.contact.id;
    return html`<div class="handover-head"><h2>${t('handover.title')}</h2>
      ${priorityButtons(contact.contact, ours, (priority) => this.try(id, () => this.desk.open.change(id, 'priority', { priority })))}</div>`;
  }

  foot(at, ours, open) {
    const id = at.contact.contact.id;
    const trouble = this.trouble.get(id);
    if (!ours) {
      return html`<div class="handover-foot"><p class="quiet">${t(at.contact.contact.state === 'closed' ? 'handover.closed' : 'handover.not_ours')}</p></div>`;
    }
    const sending = this.sending.has(id);
    const can = !sending && at.plan.kind !== 'nothing' && !(at.draft.seen && at.plan.kind === 'looking');
    return html`<div class="handover-foot">
      ${trouble ? html`<p class="error" role="alert">${trouble}</p>` : nothing}
      <p class="handover-status">${sending ? t('handover.sending') : status(at)}</p>
      <div class="handover-buttons"><button type="button" class="button main" data-command="handover.send" aria-keyshortcuts="F8" ?disabled=${!can}
        @click=${() => this.forward()}>${label(at)} <kbd>F8</kbd></button>
      ${open ? html`<button type="button" class="button" @click=${() => this.closeSummary()}>${t('handover.back')}</button>` : nothing}
      ${!open && at.draft.seen ? html`<button type="button" class="button" @click=${() => this.openSummary(id)}>${t('handover.summary')}</button>` : nothing}</div>
    </div>`;
  }

  formEvents() {
    const change = (next) => this.change({ methane: next });
    return {
      input: (field, value) => change(methane.edit(this.draft().methane, this.looks.prefill(this.shown()), field, value)),
      takeNew: (field) => change(methane.takeNew(this.draft().methane, field)),
      keepOld: (field) => change(methane.keepOld(this.draft().methane, this.looks.prefill(this.shown()), field)),
      focus: (field) => { this.focusedField = field ? { [field]: this.looks.prefill(this.shown())[field] } : null; },
    };
  }
}

function names(rooms) {
  return rooms.map((room) => room.name).join(' + ');
}

/** What the button does, with every room's name. */
function label({ plan: next, draft }) {
  if (next.kind === 'send') return t(draft.seen ? 'handover.send_to' : 'handover.check_for', { rooms: names(next.rooms) });
  if (next.kind === 'update') return t(draft.seen ? 'handover.update_to' : 'handover.check_update', { rooms: names(next.rooms) });
  return t(next.kind === 'choose' ? 'handover.choose_another' : 'handover.send');
}

/** One line over the button: what is missing, or what has changed since. */
function status({ plan: next, contact, fault, routeTrouble }) {
  if (fault) return t(`handover.fault_${fault}`);
  if (next.kind === 'looking') return routeTrouble || t('handover.looking');
  if (next.kind === 'choose') {
    const line = failedLine(contact, next.service);
    return t(`handover.choose_${line.state}`, { room: line.main.room_name });
  }
  if (next.kind === 'nothing') return t(`handover.${next.reason}`);
  if (next.kind === 'send') return t('handover.not_sent');
  const changed = [];
  if (next.since.messages) changed.push(t('handover.news_messages', { count: next.since.messages }));
  if (next.since.places) changed.push(t('handover.news_place'));
  if (next.changed.length) changed.push(t('handover.news_summary', { fields: next.changed.map((field) => t(`handover.field_${field}`)).join(', ') }));
  return t('handover.changed', { what: changed.join('; ') });
}

export function mountHandover(root, desk) {
  return new Handover(root, desk);
}
