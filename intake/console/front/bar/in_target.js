/** "Answered in target": the share of the last hour's contacts that a handler took in time, and what it counts. */

import { t } from '../words.js';

/** @typedef {{counted: number, in_target: number, within_s: number, window_s: number}} Answered */

/**
 * Null while there is nothing to count: no contacts is no good figure. Never rounded up: 100 % means all.
 * @param {Answered | null | undefined} answered
 */
export function inTarget(answered) {
  if (!answered?.counted) return null;
  const { counted, in_target, within_s, window_s } = answered;
  return {
    percent: Math.floor((100 * in_target) / counted),
    counted,
    title: t('queue.in_target_title', { in_target, counted, within: seconds(within_s), window: Math.round(window_s / 60) }),
  };
}

const seconds = (value) => (Number.isInteger(value) ? value : value.toFixed(1));
