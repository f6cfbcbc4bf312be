/** The list's own life: scrolling, what is asked for, the chosen row, and when it is held still. */

const ASK_AFTER_MS = 80;
const PAGE_ROWS = 8;

/** Wraps a QueueWindow with the element it is drawn in. */
export class QueueList {
  /** @param {import('./window.js').QueueWindow} model @param {{ask: (first: number) => void, changed: () => void}} to */
  constructor(model, to) {
    Object.assign(this, { model, to });
    /** Id of the chosen row, '' for none. */
    this.active = '';
    this.pointed = false;
    this.focused = false;
    this.rowHeight = 0;
    this.onEnter = () => {};
    this.onLook = () => {};
  }

  take(frame) {
    this.model.take(frame);
    if (frame.t === 'window') this.asked = undefined;
    if (this.wanted !== undefined) this.choose(this.wanted);
    this.look();
  }

  /** Another filter: from the top. */
  restart() {
    this.model.restart();
    this.active = '';
    if (this.element) this.element.scrollTop = 0;
    this.to.ask(0);
    this.to.changed();
  }

  /** After each drawing: measure, place, listen once. */
  attach(element) {
    if (this.element !== element) {
      this.element = element;
      this.listen(element);
    }
    if (!this.rowHeight) {
      const one = element.querySelector('[role=option]');
      if (!one) return;
      this.rowHeight = one.getBoundingClientRect().height;
    }
    const height = `${this.model.height() * this.rowHeight}px`;
    const space = element.querySelector('.queue-space');
    const top = `${this.model.first * this.rowHeight}px`;
    if (space.style.height !== height) space.style.height = height;
    if (space.firstElementChild.style.top !== top) space.firstElementChild.style.top = top;
  }

  listen(element) {
    // Enter and arrows belong to the list alone: it is what has the focus.
    element.addEventListener('keydown', (event) => this.key(event));
    element.addEventListener('scroll', () => this.scrolled(), { passive: true });
    element.addEventListener('pointerenter', () => this.point(true));
    element.addEventListener('pointerleave', () => this.point(false));
    element.addEventListener('focusin', () => this.focus(true));
    element.addEventListener('focusout', () => this.focus(false));
    element.addEventListener('click', (event) => this.click(event));
    element.addEventListener('dblclick', (event) => this.click(event) && this.onEnter());
    new ResizeObserver(() => {
      this.rowHeight = 0;
      this.to.changed();
    }).observe(element);
  }

  point(is) {
    this.pointed = is;
    this.held();
  }

  focus(is) {
    this.focused = is;
    if (is && !this.active && this.model.shown.length) this.active = this.model.shown[Math.max(0, this.firstVisible() - this.model.first)] ?? '';
    this.held();
    this.to.changed();
  }

  /** Held while pointed at, focused or scrolled; let go otherwise. */
  held() {
    const hold = this.pointed || this.focused || (this.element?.scrollTop ?? 0) > 2;
    if (hold === this.model.held) return;
    if (hold) this.model.hold();
    else {
      this.model.letGo();
      if (!this.model.rows.has(this.active)) this.active = '';
      if (this.model.serverFirst) this.to.ask(0);
    }
    this.to.changed();
  }

  firstVisible() {
    return this.rowHeight ? Math.floor(this.element.scrollTop / this.rowHeight) : 0;
  }

  lastVisible() {
    return this.rowHeight ? Math.ceil((this.element.scrollTop + this.element.clientHeight) / this.rowHeight) : 0;
  }

  scrolled() {
    this.held();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), ASK_AFTER_MS);
  }

  /** Ask for what is to be seen and is not here. */
  look() {
    if (!this.element || !this.rowHeight) return;
    const wish = this.model.wish(this.firstVisible(), this.lastVisible());
    if (!wish || wish.first === this.asked) return;
    if (wish.far) this.model.restart();
    this.asked = wish.first;
    this.to.ask(wish.first);
  }

  /** What came above the end of what can be seen, and is not shown. */
  newAbove() {
    return this.element ? this.model.newAbove(Math.max(0, this.lastVisible() - 1)) : { count: 0, urgent: 0 };
  }

  /** Show the server's order now, from its top. Asked for by a person: the focus goes along. */
  apply() {
    this.model.restart();
    this.element.scrollTop = 0;
    if (this.model.serverFirst) this.to.ask(0);
    else this.model.adopt();
    this.active = this.model.shown[0] ?? '';
    this.element.focus();
    this.to.changed();
  }

  activeShown() {
    return this.active !== '' && this.model.shown.includes(this.active);
  }

  /** The chosen row, as it stands now; undefined where none is, or it left the queue. */
  row() {
    return this.active && !this.model.gone.has(this.active) ? this.model.rows.get(this.active) : undefined;
  }

  click(event) {
    const id = event.target.closest('[data-contact]')?.dataset.contact;
    if (id) this.active = id;
    this.to.changed();
    return Boolean(id);
  }

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const here = this.model.shown.indexOf(this.active);
    const at = here < 0 ? this.firstVisible() - 1 : here + this.model.first;
    const last = this.model.height() - 1;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + PAGE_ROWS, PageUp: at - PAGE_ROWS, Home: 0, End: last }[event.key];
    if (to !== undefined) this.choose(Math.max(0, Math.min(to, last)));
    else if (event.key === 'Enter') this.onEnter();
    else if (event.key === 'ArrowRight') this.onLook();
    else return;
    event.preventDefault();
  }

  /** Choose the row at a place of the screen; where it is not here yet it is asked for, and chosen when it comes. */
  choose(place) {
    const id = this.model.shown[place - this.model.first];
    this.wanted = id === undefined && place < this.model.height() ? place : undefined;
    if (id !== undefined) this.active = id;
    const [top, bottom] = [place * this.rowHeight, (place + 1) * this.rowHeight];
    if (top < this.element.scrollTop) this.element.scrollTop = top;
    else if (bottom > this.element.scrollTop + this.element.clientHeight) this.element.scrollTop = bottom - this.element.clientHeight;
    this.to.changed();
  }
}
