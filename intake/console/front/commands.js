/** Everything a handler can do, once: by its key, by a button that names the key, by the list of commands. */

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { ifDefined } from '/libraries/lit-html/directives/if-defined.js';
import { t } from './words.js';

/** Only function keys and chords (WCAG 2.1.4): a letter typed beside a field does nothing. */
const CHORD = /^(?:F\d{1,2}|(?:Ctrl|Alt|Shift)\+.+)$/;

export class Commands {
  constructor() {
    this.byId = new Map();
    this.byKey = new Map();
    /** Told why a command that was asked for by its key does nothing now. @type {(reason: string) => void} */
    this.onRefused = () => {};
  }

  /**
   * @param {{id: string, key?: string, label: string, run: (argument?: any) => any, when?: () => boolean,
   *          why?: () => string, area?: string}} command `label` is a key of the words; `when` false greys it
   *          out and `why` then says the reason; `area` groups it in the lists of commands and keys
   */
  add(command) {
    if (command.key && !CHORD.test(command.key)) throw new Error(`${command.key} is no chord`);
    if (this.byId.has(command.id)) throw new Error(`two commands ${command.id}`);
    this.byId.set(command.id, command);
    if (command.key) this.byKey.set(command.key, command);
  }

  can(id) {
    const command = this.byId.get(id);
    return command !== undefined && (command.when?.() ?? true);
  }

  run(id, argument) {
    if (this.can(id)) return this.byId.get(id).run(argument);
    const reason = this.why(id);
    if (reason) this.onRefused(reason);
    return undefined;
  }

  /** Why a command cannot be run now, '' where it can or nobody says. */
  why(id) {
    return this.can(id) ? '' : (this.byId.get(id)?.why?.() ?? '');
  }

  /** A button for a command; its name holds the key. `extra` adds classes. */
  button(id, extra = '', argument = undefined, label = undefined) {
    const command = this.byId.get(id);
    if (!command) return nothing;
    return html`<button class="button ${extra}" type="button" data-command=${id} ?disabled=${!this.can(id)}
      title=${ifDefined(this.why(id) || undefined)}
      aria-keyshortcuts=${ifDefined(command.key?.replace('Ctrl', 'Control'))}
      @click=${() => this.run(id, argument)}>${label ?? t(command.label)}${command.key ? html` <kbd>${keyName(command.key)}</kbd>` : nothing}</button>`;
  }

  /** Listen for the keys. An open dialog keeps them, save those it names. */
  listen(target = document) {
    target.addEventListener('keydown', (event) => {
      const command = this.byKey.get(pressed(event));
      if (!command) return;
      // What the browser does with our keys never happens, in a dialog neither.
      event.preventDefault();
      // A key that is held down is one press: F2 must not take three contacts.
      if (event.repeat || document.querySelector('dialog[open]')) return;
      this.run(command.id);
    });
  }

  /** All of them, in the order they were added. */
  all() {
    return [...this.byId.values()];
  }
}

/** `Ctrl+Enter`, `Alt+1`, `F8` */
export function pressed(event) {
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push('Ctrl');
  if (event.altKey) parts.push('Alt');
  if (event.shiftKey && !/^F\d/.test(event.key)) parts.push('Shift');
  const digit = /^Digit(\d)$/.exec(event.code);
  parts.push(digit && event.altKey ? digit[1] : event.key.length === 1 ? event.key.toLowerCase() : event.key);
  return parts.join('+');
}

/** As it stands on a keyboard. */
export function keyName(key) {
  return key.replace('+', ' ').replace(/^(Ctrl |Alt )([a-z])$/, (_, chord, letter) => chord + letter.toUpperCase());
}
