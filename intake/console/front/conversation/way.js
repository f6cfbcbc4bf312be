// @ts-check
/** By which way a reply goes: a conversation that was made of several contacts has several. */

/**
 * The part of a conversation that its caller wrote by last. A reply names it, so that it goes where the desk
 * said it would: not to somebody whose contact a colleague has joined to this one in the same moment.
 * @param {any} contact as GET /contacts/{id} gives it
 * @returns {{id: string, channel: string, caller: string, reference: string}}
 */
export function wayOf(contact) {
  const own = contact.contact;
  const parts = new Map([own, ...(contact.merged ?? [])].map((one) => [one.contact_id ?? one.id, one]));
  let last = { contact: own.id, at: -Infinity };
  for (const line of contact.conversation) {
    if (line.author !== 'caller' || !parts.has(line.contact)) continue;
    const at = Math.max(...[line.at, ...(line.repeated_at ?? [])].map((moment) => Date.parse(moment)));
    // Of two at one moment the kept contact's own, as the server has it.
    if (at > last.at || (at === last.at && line.contact === own.id)) last = { contact: line.contact, at };
  }
  const found = parts.get(last.contact);
  return { id: found.contact_id ?? found.id, channel: found.channel, caller: found.caller, reference: found.reference };
}
