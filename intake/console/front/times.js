/** Moments and durations as people in Britain read them, by the server's clock. */

const HOURS = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'Europe/London', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23',
});
const ZONED = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/London', timeZoneName: 'short', hour: '2-digit' });
const DAY = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/London', weekday: 'short', day: 'numeric', month: 'numeric', year: 'numeric' });
/** Our own: browsers without Welsh would write American dates. */
const NAMES = {
  en: { days: 'Sun Mon Tue Wed Thu Fri Sat', months: 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec' },
  cy: { days: 'Sul Llun Maw Mer Iau Gwe Sad', months: 'Ion Chw Maw Ebr Mai Meh Gor Awst Medi Hyd Tach Rhag' },
};

let ahead_ms = 0;

/** Tell how far the server's clock is ahead of this machine's. */
export function setServerTime(iso) {
  ahead_ms = Date.parse(iso) - Date.now();
}

/** Milliseconds since 1970 by the server's clock. */
export function now() {
  return Date.now() + ahead_ms;
}

/** `02:14:07` */
export function clock(moment) {
  return HOURS.format(typeof moment === 'string' ? Date.parse(moment) : moment);
}

/** `GMT` or `BST` */
export function zone(moment = now()) {
  const parts = ZONED.formatToParts(typeof moment === 'string' ? Date.parse(moment) : moment);
  const name = parts.find((part) => part.type === 'timeZoneName')?.value ?? '';
  return name === 'GMT+1' ? 'BST' : name === 'UTC' ? 'GMT' : name;
}

/** `Tue 24 Nov 2026` in the page's language */
export function day(moment = now()) {
  const parts = Object.fromEntries(DAY.formatToParts(typeof moment === 'string' ? Date.parse(moment) : moment).map(({ type, value }) => [type, value]));
  const { days, months } = NAMES[document.documentElement.lang === 'cy' ? 'cy' : 'en'];
  const weekday = days.split(' ')[NAMES.en.days.split(' ').indexOf(parts.weekday)];
  return `${weekday} ${parts.day} ${months.split(' ')[Number(parts.month) - 1]} ${parts.year}`;
}

/** Seconds since an ISO moment, never negative. */
export function since_s(iso) {
  return Math.max(0, (now() - Date.parse(iso)) / 1000);
}

/** `01:52`, `1:02:07` from an hour on, `3 d 04 h` from a day on */
export function lasted(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, '0');
  if (whole >= 86_400) return `${Math.floor(whole / 86_400)} d ${two(Math.floor((whole % 86_400) / 3600))} h`;
  const rest = `${two(Math.floor((whole % 3600) / 60))}:${two(whole % 60)}`;
  return whole >= 3600 ? `${Math.floor(whole / 3600)}:${rest}` : rest;
}
