import assert from 'node:assert/strict';
import test from 'node:test';

let time_ms = 0;
let check = () => {};
const opened = [];

class FakeSocket {
  static CONNECTING = 0;
  static OPEN = 1;
  static CLOSED = 3;
  constructor() {
    this.readyState = FakeSocket.CONNECTING;
    opened.push(this);
  }
  greets() {
    this.readyState = FakeSocket.OPEN;
    this.onopen();
  }
  says(frame) {
    this.onmessage({ data: JSON.stringify(frame) });
  }
  send() {}
  close() {
    this.readyState = FakeSocket.CLOSED;
  }
}

Object.defineProperty(globalThis, 'performance', { value: { now: () => time_ms } });
globalThis.setInterval = (run) => { check = run; };
globalThis.WebSocket = FakeSocket;
globalThis.location = { origin: 'http://desk.example' };

const { Live, SILENT_AFTER_MS } = await import('../../intake/console/front/live.js');

class State {
  constructor() {
    this.values = {};
  }
  set(name, value) {
    this.values[name] = value;
  }
  get(name) {
    return this.values[name];
  }
}

function lined() {
  const state = new State();
  const live = new Live(state);
  live.open();
  const socket = opened.at(-1);
  socket.greets();
  return { state, live, socket, status: () => state.get('live').status };
}

function pass(ms) {
  for (let left = ms; left > 0; left -= 150) {
    time_ms += 150;
    check();
  }
}

test('a desk is live by a beat and by nothing else', () => {
  const { socket, status } = lined();
  assert.equal(status(), 'stale');
  for (const t of ['hello', 'window', 'delta', 'alarms', 'offers', 'error', 'contact']) {
    socket.says({ t });
    assert.equal(status(), 'stale', t);
  }
  socket.says({ t: 'beat', now: '2026-11-23T00:00:00Z' });
  assert.equal(status(), 'live');
});

test('a picture that stands still is not called live by what is said beside it', () => {
  const { socket, status } = lined();
  socket.says({ t: 'beat' });
  for (let left = SILENT_AFTER_MS + 300; left > 0; left -= 300) {
    pass(300);
    socket.says({ t: 'alarms' });
  }
  assert.equal(status(), 'stale');
  assert.equal(socket.readyState, FakeSocket.CLOSED);
});

test('beats keep it live', () => {
  const { socket, status } = lined();
  for (let beats = 0; beats < 5; beats += 1) {
    socket.says({ t: 'beat' });
    pass(1_050);
  }
  assert.equal(status(), 'live');
});

test('an open line that brings nothing is given up, though it was never live', () => {
  const { socket } = lined();
  pass(14_000);
  assert.equal(socket.readyState, FakeSocket.OPEN);
  pass(1_500);
  assert.equal(socket.readyState, FakeSocket.CLOSED);
});
