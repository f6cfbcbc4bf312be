/** The call handler's desk: puts its parts together, and nothing else. */

import { mountAlarms } from './alarms/alarms.js';
import { AVAILABILITY, mountBar } from './bar/bar.js';
import { mountConversation } from './conversation/conversation.js';
import { mountHandover } from './handover/handover.js';
import { addKeysHelp } from './keys_help.js';
import { OpenContacts } from './open_contacts.js';
import { begin, makePage } from './page.js';
import { addPalette, mountKeys } from './palette.js';
import { mountPlace } from './place/place.js';
import { mountQueue } from './queue/queue.js';

async function start() {
  const desk = await makePage('desk');
  desk.open = new OpenContacts(desk);
  // Whoever opens a desk to read along takes nothing: it must not stand for a free one (law 8).
  if (location.hash) sessionStorage.setItem(AVAILABILITY, 'away');
  const mounts = { bar: mountBar, queue: mountQueue, conversation: mountConversation, place: mountPlace, handover: mountHandover, alarms: mountAlarms };
  for (const [id, mount] of Object.entries(mounts)) mount(document.getElementById(id), desk);
  addPalette(desk);
  addKeysHelp(desk);
  mountKeys(document.getElementById('keys'), desk);
  begin(desk);
  await desk.open.restore();
  await desk.joinAsked();
  desk.root.dataset.ready = 'true';
}

start();
