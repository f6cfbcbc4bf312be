/** How many text messages a reply becomes (3GPP TS 23.038, TS 23.040 §9.2.3.24.1). Pure. */

const BASIC = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
);
/** Each of these takes an escape before it: two septets, never parted. */
const EXTENDED = new Set('\f^{}\\[~]|€');

const LIMITS = { gsm7: { one: 160, each: 153 }, ucs2: { one: 70, each: 67 } };

/**
 * @param {string} text
 * @returns {{coding: 'gsm7'|'ucs2', parts: number, used: number, room: number, forcedBy: string}} `used` counts
 *   septets or UTF-16 units; `room` is what is left in the last part; `forcedBy` is the first character that
 *   the phones' alphabet lacks
 */
export function smsParts(text) {
  const forcedBy = Array.from(text).find((one) => !BASIC.has(one) && !EXTENDED.has(one)) ?? '';
  const coding = forcedBy ? 'ucs2' : 'gsm7';
  const sizes = Array.from(text, (one) => (forcedBy ? one.length : EXTENDED.has(one) ? 2 : 1));
  const used = sizes.reduce((sum, size) => sum + size, 0);
  const limit = LIMITS[coding];
  if (used === 0) return { coding, parts: 0, used, room: limit.one, forcedBy };
  if (used <= limit.one) return { coding, parts: 1, used, room: limit.one - used, forcedBy };
  let parts = 1;
  let filled = 0;
  for (const size of sizes) {
    if (filled + size > limit.each) {
      parts += 1;
      filled = 0;
    }
    filled += size;
  }
  return { coding, parts, used, room: limit.each - filled, forcedBy };
}
