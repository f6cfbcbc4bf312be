// @ts-check
/** Which rows stand where on the screen: the server's order, or an order held still while a person points at it. */

/** Rows asked for at once, and rows on the page at most. */
export const SIZE = 60;
export const ROW_LIMIT = 100;
const MARGIN = 12;

/** @typedef {{id: string, priority: number, queued_at: string, claimed_by?: string, state?: string}} Row */

/**
 * `shown` are the ids as they stand on the screen, `first` is the place of the first of them. While `held`,
 * they keep their places whatever the server says: rows change where they stand, a row that left the queue is
 * kept in `gone`, and what is new above is only counted.
 */
export class QueueWindow {
  constructor() {
    /** @type {Map<string, Row>} */
    this.rows = new Map();
    /** @type {string[]} */
    this.order = [];
    this.serverFirst = 0;
    this.total = 0;
    /** @type {string[]} */
    this.shown = [];
    this.first = 0;
    /** @type {Set<string>} */
    this.gone = new Set();
    this.held = false;
    this.top = 0;
    this.fresh = true;
  }

  /** Another filter, or a place far away: the next window stands as it comes. */
  restart() {
    this.fresh = true;
  }

  /** A `window` or a `delta` of the live line. @param {any} frame */
  take(frame) {
    for (const row of frame.rows ?? []) this.rows.set(row.id, row);
    if (frame.first !== undefined) this.serverFirst = frame.first;
    if (frame.total !== undefined) this.total = frame.total;
    if (frame.order !== undefined) this.order = frame.order;
    if (frame.order !== undefined || frame.t === 'window') {
      // Nothing stands where a person looks yet, or they asked for this: as it comes.
      if (!this.held || this.fresh || !this.shown.length) this.adopt();
      else this.merge();
    }
    this.prune();
  }

  hold() {
    this.held = true;
  }

  letGo() {
    this.held = false;
    this.adopt();
    this.prune();
  }

  adopt() {
    this.shown = [...this.order];
    this.first = this.serverFirst;
    this.gone.clear();
    this.fresh = false;
  }

  /** Keep what is shown where it is; join on, above and below, what lies beyond it. */
  merge() {
    const now = new Set(this.order);
    for (const id of this.shown) {
      if (now.has(id)) this.gone.delete(id);
      else if (this.isWithin(id)) this.gone.add(id);
    }
    const common = this.shown.filter((id) => now.has(id));
    if (!common.length) {
      if (this.shown.every((id) => this.gone.has(id))) this.shown = [...this.shown, ...this.order];
      return;
    }
    const have = new Set(this.shown);
    const beyond = (/** @type {string[]} */ ids) => ids.every((id) => this.gone.has(id));
    const last = /** @type {string} */ (common.at(-1));
    if (beyond(this.shown.slice(this.shown.lastIndexOf(last) + 1))) {
      this.shown = [...this.shown, ...this.order.slice(this.order.indexOf(last) + 1).filter((id) => !have.has(id))];
    }
    if (this.first > 0 && beyond(this.shown.slice(0, this.shown.indexOf(common[0])))) {
      const above = this.order.slice(0, this.order.indexOf(common[0])).filter((id) => !have.has(id));
      const some = above.slice(Math.max(0, above.length - this.first));
      this.shown = [...some, ...this.shown];
      this.first -= some.length;
    }
    this.trim();
  }

  /** Whether the server's window would hold this row if it were still in the queue. @param {string} id */
  isWithin(id) {
    const row = this.rows.get(id);
    if (!row || !this.order.length) return true;
    const [head, tail] = [this.rows.get(this.order[0]), this.rows.get(/** @type {string} */ (this.order.at(-1)))];
    const belowHead = this.serverFirst === 0 || !head || compare(row, head) > 0;
    const aboveTail = this.serverFirst + this.order.length >= this.total || !tail || compare(row, tail) < 0;
    return belowHead && aboveTail;
  }

  trim() {
    if (this.shown.length <= ROW_LIMIT) return;
    const from = Math.max(0, Math.min(this.top - 30 - this.first, this.shown.length - ROW_LIMIT));
    this.shown = this.shown.slice(from, from + ROW_LIMIT);
    this.first += from;
  }

  prune() {
    const kept = new Set([...this.order, ...this.shown]);
    for (const id of this.rows.keys()) if (!kept.has(id)) this.rows.delete(id);
    for (const id of this.gone) if (!kept.has(id)) this.gone.delete(id);
  }

  /** How far the server's places are ahead of the screen's at a place of the screen. @param {number} place */
  shift(place) {
    const here = Math.max(0, Math.min(place - this.first, this.shown.length - 1));
    const at = [...this.shown.keys()].sort((a, b) => Math.abs(a - here) - Math.abs(b - here));
    for (const index of at) {
      const found = this.order.indexOf(this.shown[index]);
      if (found >= 0) {
        const lost = this.shown.slice(0, index).filter((id) => this.gone.has(id)).length;
        return { by: this.serverFirst + found - this.first - index, lost, found };
      }
    }
    return { by: 0, lost: 0, found: 0 };
  }

  /** What came above a place of the screen since it was held: how many, and how many of priority 1. @param {number} place */
  newAbove(place) {
    if (!this.held || !this.shown.length) return { count: 0, urgent: 0 };
    const { by, lost, found } = this.shift(place);
    const have = new Set(this.shown);
    const known = this.order.slice(0, found).filter((id) => !have.has(id));
    const urgent = known.filter((id) => this.rows.get(id)?.priority === 1).length;
    return { count: Math.max(0, by + lost), urgent };
  }

  /** How many rows the list is high. */
  height() {
    return this.held ? Math.max(this.total, this.first + this.shown.length) : this.total;
  }

  /**
   * What to ask the server for so that the places `from` to `to` of the screen can be seen; null where they
   * already can. `far` says that nothing of what is shown will be in it.
   * @param {number} from @param {number} to
   */
  wish(from, to) {
    this.top = from;
    const by = this.held ? this.shift(from).by : 0;
    const [a, b] = [Math.max(0, from + by), Math.min(this.total, to + by)];
    const end = this.serverFirst + this.order.length;
    const near = (/** @type {number} */ n, /** @type {boolean} */ isEnd) => (isEnd ? 0 : Math.min(MARGIN, n));
    const enough =
      a - near(MARGIN, this.serverFirst === 0) >= this.serverFirst &&
      b + near(MARGIN, end >= this.total) <= end;
    if (enough) return null;
    const first = Math.max(0, Math.min(Math.floor((a + b - SIZE) / 2), this.total - SIZE));
    return { first, far: to < this.first || from > this.first + this.shown.length };
  }
}

/** The server's order. @param {Row} a @param {Row} b */
export function compare(a, b) {
  return a.priority - b.priority || Date.parse(a.queued_at) - Date.parse(b.queued_at) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
