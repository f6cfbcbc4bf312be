/** What a service is called on the page. */

import { t } from '../words.js';

/** `mountain-rescue` as a person says it. */
export function serviceName(word) {
  return t(`handover.service_${word.replaceAll('-', '_')}`);
}
