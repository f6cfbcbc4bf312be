/** The national queue: a window of the server's order. F2 takes the top. */

import { html, render } from '/libraries/lit-html/lit-html.js';
import { repeat } from '/libraries/lit-html/directives/repeat.js';
import { lasted, since_s } from './times.js';
import { t } from './words.js';

export function mountQueue(root, desk) {
  const { state, live, commands, open } = desk;
  state.set('queue', { first: 0, total: 0, order: [], rows: new Map(), counts: null, filters: null });
  live.onOpen(() => live.send({ t: 'view', filter: {}, first: 0, size: 60 }));
  const take = (frame) => {
    const queue = state.get('queue');
    if (frame.t === 'window') queue.rows = new Map();
    for (const row of frame.rows ?? []) queue.rows.set(row.id, row);
    for (const key of ['first', 'total', 'order', 'counts', 'filters']) if (frame[key] !== undefined) queue[key] = frame[key];
    state.touch('queue');
  };
  live.on('window', take);
  live.on('delta', take);
  commands.add({ id: 'queue.take_next', key: 'F2', label: 'queue.take_next', run: () => open.takeNext(), when: () => state.get('live').status === 'live' });
  const draw = () => {
    const queue = state.get('queue');
    render(
      html`<h2>${t('queue.title')}</h2>
        ${commands.button('queue.take_next', 'main')}
        <ol>${repeat(queue.order, (id) => id, (id) => line(queue.rows.get(id)))}</ol>`,
      root,
    );
  };
  const line = (row) =>
    row
      ? html`<li data-contact=${row.id}><button type="button" class="button" @click=${() => open.take(row.id)}><span class="badge p${row.priority}">${row.priority}</span>
          ${row.service ?? t('queue.not_known')} · ${row.channel} <span class="number">${lasted(since_s(row.queued_at))}</span><br>${row.summary}</button></li>`
      : '';
  state.watch(['queue', 'live', 'tick'], draw);
}
