/** Three short sounds, made here, each with its own volume; never one a message, and none before a person has touched the desk. */

import { html } from '/libraries/lit-html/lit-html.js';
import { openDialog } from '../dialog.js';
import { SoundGate } from './sounds_gate.js';
import { t } from '../words.js';

const KEPT = 'intake-sounds';
const KINDS = ['new', 'reply', 'alarm'];
/** Hertz and seconds of each note: told apart without looking. */
const NOTES = { new: [[660, 0.12]], reply: [[880, 0.07], [1175, 0.1]], alarm: [[523, 0.16], [392, 0.16], [523, 0.22]] };

export function mountSounds(desk) {
  const { state, commands } = desk;
  const sounds = new Sounds(state);
  desk.sounds = sounds;
  commands.add({ id: 'sounds.mute', key: 'Alt+m', label: 'alarms.mute', area: 'desk', run: () => sounds.mute(!sounds.set.muted) });
  commands.add({ id: 'sounds.set', label: 'alarms.sounds', area: 'desk', run: () => volumes(sounds) });
  let waiting;
  state.watch(['queue'], () => {
    const claimable = state.get('queue')?.counts?.claimable;
    if (!claimable) return;
    const count = Object.values(claimable).reduce((sum, n) => sum + n, 0);
    // New, while I am free: whoever is in a conversation hears only of that one, and alarms.
    const isFree = state.get('open').length === 0 && state.get('availability') !== 'away';
    if (waiting !== undefined && count > waiting && isFree) sounds.ask('new');
    waiting = count;
  });
  const heard = new Map();
  state.watch(['contacts'], () => {
    for (const { id } of state.get('open')) {
      const lines = state.get(`contact:${id}`)?.conversation.filter((line) => line.author === 'caller');
      if (!lines) continue;
      const count = lines.reduce((sum, line) => sum + 1 + (line.repeated_at?.length ?? 0), 0);
      if (heard.has(id) && count > heard.get(id)) sounds.ask('reply');
      heard.set(id, count);
    }
  });
  return sounds;
}

class Sounds {
  constructor(state) {
    this.state = state;
    this.gate = new SoundGate();
    this.set = { new: 5, reply: 6, alarm: 8, muted: false };
    try {
      Object.assign(this.set, JSON.parse(localStorage.getItem(KEPT) ?? '{}'));
    } catch {
      // what was kept cannot be read: as new
    }
    this.tell();
    // Browsers let nothing sound before a person has touched the page.
    for (const type of ['pointerdown', 'keydown']) document.addEventListener(type, () => this.wake(), { capture: true });
    setInterval(() => this.play(this.gate.due(performance.now())), 250);
  }

  wake() {
    if (this.context?.state === 'running') return;
    this.context ??= new AudioContext();
    this.context.resume().then(() => this.tell(), () => this.tell());
  }

  /** `state.sound`: on, muted, or blocked until somebody touches the page. */
  tell() {
    const is = this.set.muted ? 'muted' : this.context?.state === 'running' ? 'on' : 'blocked';
    if (this.state.get('sound') !== is) this.state.set('sound', is);
  }

  mute(is) {
    this.change({ muted: is });
  }

  change(what) {
    Object.assign(this.set, what);
    localStorage.setItem(KEPT, JSON.stringify(this.set));
    this.tell();
  }

  ask(kind) {
    this.play(this.gate.ask(kind, performance.now()));
  }

  play(kind) {
    if (!kind || this.set.muted || this.context?.state !== 'running') return;
    this.state.set('sounded', (this.state.get('sounded') ?? 0) + 1);
    let at = this.context.currentTime + 0.01;
    for (const [hertz, lasts_s] of NOTES[kind]) {
      const [tone, gain] = [this.context.createOscillator(), this.context.createGain()];
      tone.frequency.value = hertz;
      // From nothing and back to nothing: a cut-off tone clicks.
      gain.gain.setValueAtTime(0, at);
      gain.gain.linearRampToValueAtTime(0.3 * (this.set[kind] / 10) ** 2, at + 0.015);
      gain.gain.linearRampToValueAtTime(0, at + lasts_s);
      tone.connect(gain).connect(this.context.destination);
      tone.start(at);
      tone.stop(at + lasts_s);
      at += lasts_s + 0.02;
    }
  }
}

/** The dialog of the three volumes. */
function volumes(sounds) {
  return openDialog(t('alarms.sounds'), (close, draw) => html`<div class="volumes">
    ${KINDS.map((kind) => html`<p><label for="volume-${kind}">${t(`alarms.sound_${kind}`)}</label>
      <input id="volume-${kind}" type="range" min="0" max="10" step="1" .value=${String(sounds.set[kind])}
        @change=${(event) => { sounds.change({ [kind]: Number(event.target.value) }); sounds.play(kind); draw(); }}>
      <span class="number">${sounds.set[kind]}</span>
      <button type="button" class="button" @click=${() => sounds.play(kind)}>${t('alarms.try')}</button></p>`)}
    <p><label><input type="checkbox" .checked=${sounds.set.muted} @change=${(event) => { sounds.mute(event.target.checked); draw(); }}> ${t('alarms.mute_all')}</label></p>
    <p class="quiet">${t('alarms.sounds_rule')}</p>
    <p><button type="button" class="button main" @click=${() => close(true)}>${t('common.close')}</button></p></div>`);
}
