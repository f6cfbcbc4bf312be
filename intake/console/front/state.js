/** What the desk knows, by key. Whoever watches a key is called once a frame after it changed. */

export class State {
  constructor() {
    this.values = new Map();
    this.watchers = new Map();
    this.due = new Set();
    this.asked = false;
  }

  get(key) {
    return this.values.get(key);
  }

  set(key, value) {
    this.values.set(key, value);
    this.touch(key);
  }

  /** The value was changed in place. */
  touch(key) {
    for (const watcher of this.watchers.get(key) ?? []) this.due.add(watcher);
    if (this.due.size && !this.asked) {
      this.asked = true;
      // A hidden tab has no frames; its timers and alarms must go on.
      if (document.hidden) setTimeout(() => this.tell(), 50);
      else requestAnimationFrame(() => this.tell());
    }
  }

  /** Call `watcher` now, and after each change of any of `keys`. */
  watch(keys, watcher) {
    for (const key of keys) {
      if (!this.watchers.has(key)) this.watchers.set(key, new Set());
      this.watchers.get(key).add(watcher);
    }
    watcher();
    return () => keys.forEach((key) => this.watchers.get(key).delete(watcher));
  }

  tell() {
    this.asked = false;
    const due = [...this.due];
    this.due.clear();
    for (const watcher of due) {
      try {
        watcher();
      } catch (error) {
        // One part that fails stops no other: the reply must work while the map does not.
        reportError(error);
      }
    }
  }
}
