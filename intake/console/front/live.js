/** The line to the server: reconnects by itself, and says within three seconds that nothing comes any more. */

import { now, setServerTime } from './times.js';

/** With the server's beat each second, and a check four times a second: said within three seconds. */
export const SILENT_AFTER_MS = 2_400;
const CONNECT_MS = 5_000;
/** An open line that brings nothing at all for so long is as good as none. */
const DEAD_AFTER_MS = 15_000;
const RETRY_MS = [250, 500, 1_000, 2_000, 3_000];

export class Live {
  /** @param {import('./state.js').State} state gets `live`: {status: 'live'|'stale', since} */
  constructor(state) {
    this.state = state;
    this.handlers = new Map();
    this.openers = [];
    this.tries = 0;
    this.heard = this.beaten = performance.now();
    state.set('live', { status: 'stale', since: now() });
    setInterval(() => this.check(), 150);
  }

  /** `handler(frame)` for each frame of one type. */
  on(type, handler) {
    if (!this.handlers.has(type)) this.handlers.set(type, []);
    this.handlers.get(type).push(handler);
  }

  /** What to say each time the line is open again. */
  onOpen(opener) {
    this.openers.push(opener);
    if (this.socket?.readyState === WebSocket.OPEN) opener();
  }

  /** Said only while the line is open; what must survive is said again by an opener. */
  send(frame) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  open() {
    const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/api/v1/live`);
    this.socket = socket;
    this.opening = this.heard = performance.now();
    socket.onopen = () => {
      this.tries = 0;
      this.openers.forEach((opener) => opener());
    };
    socket.onmessage = (event) => this.take(JSON.parse(event.data));
    socket.onclose = (event) => {
      if (this.socket !== socket) return;
      this.handlers.get('closed')?.forEach((handler) => handler({ t: 'closed', code: event.code }));
      if (event.code === 4401) return; // signed out: whoever is told goes to the sign-in page
      this.retrying = setTimeout(() => this.open(), RETRY_MS[Math.min(this.tries++, RETRY_MS.length - 1)]);
    };
  }

  /** Try again now: somebody asked for it. */
  retry() {
    clearTimeout(this.retrying);
    const before = this.socket;
    this.socket = undefined;
    before?.close();
    this.open();
  }

  take(frame) {
    this.heard = performance.now();
    if (frame.now) setServerTime(frame.now);
    if (frame.t === 'beat') this.beat();
    this.handlers.get(frame.t)?.forEach((handler) => handler(frame));
  }

  /** The one frame that says the picture is true: a server whose picture stands still greets and answers all the same. */
  beat() {
    this.beaten = performance.now();
    if (this.state.get('live').status !== 'live') this.state.set('live', { status: 'live', since: now() });
  }

  check() {
    const silent_ms = performance.now() - this.beaten;
    if (silent_ms > SILENT_AFTER_MS && this.state.get('live').status === 'live') {
      this.state.set('live', { status: 'stale', since: now() - silent_ms });
      // A line that looks open and brings nothing is as good as none.
      this.socket?.close();
    }
    if (this.socket?.readyState === WebSocket.OPEN && performance.now() - this.heard > DEAD_AFTER_MS) this.socket.close();
    // A server that takes the connection and never answers it would be waited for without end.
    if (this.socket?.readyState === WebSocket.CONNECTING && performance.now() - this.opening > CONNECT_MS) this.socket.close();
  }
}
