/** The national queue: a window of the server's order that never moves under whoever points at it. F2 takes the top. */

import { html, nothing, render } from '/libraries/lit-html/lit-html.js';
import { repeat } from '/libraries/lit-html/directives/repeat.js';
import { Filters } from './filters.js';
import { QueueList } from './list.js';
import { rowView } from './row.js';
import { addTaking } from './taking.js';
import { QueueWindow, SIZE } from './window.js';
import { clock } from '../times.js';
import { t } from '../words.js';

export function mountQueue(root, desk) {
  const { state, live, commands } = desk;
  const model = new QueueWindow();
  const filters = new Filters(() => list.restart());
  const ask = (first) => live.send({ t: 'view', filter: filters.asked(), first, size: SIZE });
  const list = new QueueList(model, { ask, changed: () => state.touch('queue') });
  state.set('queue', { first: 0, total: 0, order: [], rows: model.rows, counts: null, filters: null });
  live.onOpen(() => ask(model.serverFirst));
  const take = (frame) => {
    list.take(frame);
    const queue = state.get('queue');
    for (const key of ['first', 'total', 'order', 'counts', 'filters']) if (frame[key] !== undefined) queue[key] = frame[key];
    queue.rows = model.rows;
    state.touch('queue');
  };
  live.on('window', take);
  live.on('delta', take);
  live.on('numbers', (frame) => state.set('numbers', frame.desks));
  addTaking(desk, list);
  list.onEnter = () => commands.run('queue.take_chosen');
  list.onLook = () => commands.run('queue.look');

  const draw = () => {
    const queue = state.get('queue');
    render(page(queue), root);
    list.attach(root.querySelector('.queue-list'));
  };
  const page = (queue) => html`
    <div class="queue-top">
      <div class="queue-head"><h2>${t('queue.title')} <span class="quiet" data-total>${title(queue)}</span></h2>${above()}</div>
      ${filters.view(queue.filters)}
      <div class="queue-do">${commands.button('queue.take_next', 'main')}
        ${commands.button('queue.take_chosen', '', undefined, html`${t('queue.take_chosen')} <kbd>⏎</kbd>`)}${commands.button('queue.look', '', undefined, html`${t('queue.look')} <kbd>→</kbd>`)}</div>
    </div>
    <div class="queue-body">
      <div class="queue-list" role="listbox" tabindex="0" aria-label=${t('queue.list')}
        aria-activedescendant=${list.activeShown() ? `row-${list.active}` : nothing}>
        <div class="queue-space"><div class="queue-rows" role="presentation">${repeat(model.shown, (id) => id, rowOf)}</div></div>
      </div>
      ${notice()}
      ${queue.counts && !queue.total && !model.shown.length ? html`<p class="queue-none quiet">${t(filters.isNarrow() ? 'queue.none_of_filter' : 'queue.none')}
        ${filters.isNarrow() ? html`<button type="button" class="button" @click=${() => filters.clear()}>${t('queue.show_all')}</button>` : nothing}</p>` : nothing}
    </div>`;
  const title = (queue) =>
    !queue.counts ? '' : filters.isNarrow()
      ? t('queue.shown_of', { count: queue.total, all: queue.filters?.all ?? queue.total })
      : t('queue.order', { count: queue.total });
  const notice = () => {
    const stale = state.get('live').status !== 'live';
    const said = stale ? t('queue.refused_stale', { since: clock(state.get('live').since) }) : (state.get('notice') ?? '');
    return html`<p class="queue-notice ${stale ? 'stale-note' : ''}" data-notice>${said}</p>`;
  };
  const above = () => {
    const { count, urgent } = list.newAbove();
    if (!count) return nothing;
    const words = t(count === 1 ? 'queue.above_one' : 'queue.above', { count });
    return html`<button type="button" class="button above ${urgent ? 'urgent' : ''}" data-above @click=${() => list.apply()}
      ><span aria-hidden="true">▲</span> ${words}${urgent ? html` <span class="badge" aria-hidden="true">1</span><span aria-hidden="true">×${urgent}</span><span class="spoken"> · ${t('queue.above_urgent', { count: urgent })}</span>` : nothing}</button>`;
  };
  const rowOf = (id, index) => {
    const row = model.rows.get(id);
    const offered = (state.get('offers') ?? []).some((one) => [one.contact_id, one.contact, one.contact?.id].includes(id));
    return row ? rowView(row, {
      me: state.get('me').handler, offered, language: document.documentElement.lang, gone: model.gone.has(id), numbers: state.get('numbers'),
      active: id === list.active, place: model.first + index + 1, total: Math.max(model.height(), model.first + index + 1),
    }) : nothing;
  };
  // Said once for each new figure, never for each frame.
  let said = 0;
  state.watch(['queue'], () => {
    const { count } = list.newAbove();
    if (count && count !== said) desk.say(t(count === 1 ? 'queue.above_one' : 'queue.above', { count }));
    said = count;
  });
  state.watch(['queue', 'live', 'tick', 'notice', 'offers', 'me', 'open', 'numbers'], draw);
}
