/** The bar on top: counts, the live badge, the clock, who sits here. */

import { html, render } from '/libraries/lit-html/lit-html.js';
import { clock, day, lasted, now, since_s, zone } from './times.js';
import { t } from './words.js';

export function mountBar(root, desk) {
  const { state } = desk;
  const draw = () => {
    const counts = state.get('queue')?.counts;
    const live = state.get('live');
    const waiting = counts ? Object.values(counts.claimable).reduce((sum, n) => sum + n, 0) : 0;
    render(
      html`<span>${t('common.title')}</span>
        <span><strong class="number">${waiting}</strong> ${t('queue.waiting')}</span>
        ${counts?.oldest_queued_at ? html`<span>${t('queue.oldest')} <strong class="number">${lasted(since_s(counts.oldest_queued_at))}</strong></span>` : ''}
        <span class="live ${live.status}" data-live=${live.status}>${t(`queue.${live.status}`)}</span>
        <span class="grow"></span>
        <span class="number">${day()} <strong>${clock(now())}</strong> ${zone()}</span>
        <span>${state.get('me').display_name}</span>`,
      root,
    );
  };
  state.watch(['queue', 'live', 'tick', 'me'], draw);
}
