(() => {
  'use strict';
  const GOOD_M = 25, FAIR_M = 100, LOOK_MS = 60000, ROUGH_MS = 10000, LIVE_MS = 5000;
  const SEND_MS = 20000, RETRY_MS = 1000, RETRY_MAX_MS = 15000, KEPT = 200;
  const $ = id => document.getElementById(id), page = document.body.dataset;
  const say = JSON.parse($('say').textContent), language = document.documentElement.lang;
  const path = location.pathname.replace(/\/+$/, ''), live = page.ask === 'live', key = 'link-' + page.ticket;
  let queue = [], sending = false, offline = '', dead = false, pause = RETRY_MS, later = 0;
  let watch = null, timer = 0, best = Infinity, lastAt = 0, received = Infinity, receivedAt = 0;
  let looking = false, trouble = '', stopped = false, granted = false;

  // Positions of the browser must outlive a page that is closed without signal.
  try { queue = JSON.parse(localStorage.getItem(key)) || []; } catch (_) { /* no storage: memory does */ }
  const keep = () => {
    try {
      if (queue.length) localStorage.setItem(key, JSON.stringify(queue)); else localStorage.removeItem(key);
    } catch (_) { /* no storage */ }
  };

  const newId = () => {
    if (crypto.randomUUID) return crypto.randomUUID();
    const b = crypto.getRandomValues(new Uint8Array(16));
    b[6] = b[6] & 15 | 64; b[8] = b[8] & 63 | 128;
    const hex = Array.from(b, one => one.toString(16).padStart(2, '0')).join('');
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  };

  const post = (to, data) => {
    const stop = new AbortController(), late = setTimeout(() => stop.abort(), SEND_MS);
    return fetch(path + to, {
      method: 'POST', signal: stop.signal, credentials: 'omit', cache: 'no-store',
      headers: {'Content-Type': 'application/json', 'X-Link-Ticket': page.ticket},
      body: JSON.stringify(data)
    }).finally(() => clearTimeout(late));
  };

  const put = (to, data) => {
    queue.push({to, data});
    // Of a long way without signal the oldest steps matter least; words are never among them.
    if (queue.length > KEPT) queue.splice(queue.findIndex(one => one.to === '/places'), 1);
    keep();
    send();
  };
  const mark = (what, why) => put('/life', why ? {what, why} : {what});

  async function send() {
    if (sending || dead) return;
    sending = true;
    clearTimeout(later);
    while (queue.length && !dead) {
      const one = queue[0];
      let answer = null;
      try { answer = await post(one.to, one.data); } catch (_) { /* no signal */ }
      if (!answer || answer.status >= 500 || answer.status === 408 || answer.status === 429) {
        offline = answer ? 'busy' : 'offline';
        show();
        later = setTimeout(send, pause);
        pause = Math.min(pause * 2, RETRY_MAX_MS);
        break;
      }
      pause = RETRY_MS;
      if (answer.ok) took(one);
      else if (one.to === '/life') { /* the link is over: its own door says so */ }
      else if ([403, 404, 410].includes(answer.status)) { over(); break; }
      queue.shift();
      keep();
      if (offline && !queue.length) { offline = ''; $('net').className = 'state good'; tell('net', say.back); }
      show();
    }
    sending = false;
  }

  function took(one) {
    if (one.to === '/places') {
      received = live ? one.data.accuracy_m : Math.min(received, one.data.accuracy_m);
      receivedAt = Date.now();
    } else if (one.to === '/words') {
      $('said').className = 'state good';
      tell('said', say.received);
    }
  }

  // The link takes nothing any more: the intake's own page says why and what to do.
  function over() {
    dead = true;
    halt();
    const words = queue.filter(one => one.to === '/words').map(one => one.data.words);
    queue = [];
    keep();
    if (!words.length) return location.reload();
    $('words').value = words.join('\n');
    show();
    $('said').className = 'state bad';
    tell('said', say.ended);
  }

  function tell(id, ...lines) {
    const box = $(id);
    if (!box) return;
    const text = lines.filter(Boolean);
    if (Array.from(box.children, p => p.textContent).join() === text.join()) return;
    box.replaceChildren(...text.map(line => Object.assign(document.createElement('p'), {textContent: line})));
  }

  const distance = m => m < 1000
    ? say.metres.replace('{number}', Math.max(1, Math.round(m < 100 ? m : m / 10) * (m < 100 ? 1 : 10)))
    : say.kilometres.replace('{number}', new Intl.NumberFormat(language, {maximumFractionDigits: 1}).format(m / 1000));
  const clock = ms => new Date(ms).toLocaleTimeString(language === 'cy' ? 'cy-GB' : 'en-GB');

  function state() {
    const within = words => words.replace('{distance}', distance(received));
    const has = received < Infinity;
    if (stopped) return ['', say.stopped];
    if (looking) {
      if (!has) return trouble ? ['bad', say[trouble]] : ['busy', say.looking];
      if (live) return ['busy', within(say.sharing), say.last.replace('{time}', clock(receivedAt))];
      return ['busy', within(say.rough)];
    }
    if (has) return ['good', within(received <= FAIR_M ? say.good : say.fair)];
    if (trouble) return ['bad', say[trouble]];
    return best < Infinity ? ['busy', say.looking] : [''];
  }

  function show() {
    if (offline) { $('net').className = 'state bad'; tell('net', say[offline]); }
    if (!$('state')) return;
    const [kind, ...lines] = state(), running = looking && !(trouble && best === Infinity);
    $('state').className = 'state ' + kind;
    tell('state', ...lines);
    const settled = !live && best <= FAIR_M;
    $('share').hidden = running || settled || dead;
    $('what').hidden = $('allow').hidden = best < Infinity || !!trouble || stopped;
    $('go').textContent = !stopped && (trouble || best < Infinity) ? say.again : say.share;
    document.querySelector('h1').textContent = settled && received < Infinity ? say.finished_heading : say.heading;
    $('stop').hidden = !(live && looking);
  }

  function start() {
    halt();
    stopped = false; trouble = ''; looking = true;
    mark('asked');
    if (!navigator.geolocation || !window.isSecureContext) { fail('insecure'); halt(); return show(); }
    // A rough place within seconds first, then a better one for as long as it is worth the wait.
    navigator.geolocation.getCurrentPosition(fix, () => {}, {maximumAge: LOOK_MS, timeout: ROUGH_MS});
    watch = navigator.geolocation.watchPosition(
      fix, error => fail(['', 'denied', 'unavailable', 'timeout'][error.code], error.code === 1),
      {enableHighAccuracy: true, maximumAge: 0, timeout: LOOK_MS});
    timer = live ? 0 : setTimeout(enough, LOOK_MS);
    show();
  }

  function halt() {
    if (watch !== null) navigator.geolocation.clearWatch(watch);
    clearTimeout(timer);
    watch = null;
    looking = false;
  }

  function fix(position) {
    if (!looking) return;
    const c = position.coords, now = Date.now();
    if (!granted || trouble) { granted = true; trouble = ''; mark('granted'); }
    if (!(c.accuracy < best * .9) && !(live && now - lastAt >= LIVE_MS)) return;
    best = Math.min(best, c.accuracy);
    lastAt = now;
    put('/places', {
      id: newId(), latitude: c.latitude, longitude: c.longitude, accuracy_m: c.accuracy,
      positioned_at: new Date(position.timestamp).toISOString(), altitude_m: c.altitude,
      heading_deg: Number.isFinite(c.heading) ? c.heading : null,
      speed_m_s: Number.isFinite(c.speed) ? c.speed : null
    });
    if (!live && c.accuracy <= GOOD_M) enough();
    show();
  }

  function fail(why, final) {
    if (best < Infinity && why !== 'denied') return;
    if (why !== trouble) mark('refused', why);
    trouble = why;
    granted = false;
    if (final) halt();
    show();
  }

  function enough() {
    halt();
    if (best === Infinity) fail('timeout');
    // What is no better than a street is left open, to be tried again from another spot.
    else if (best <= FAIR_M) mark('finished');
    show();
  }

  $('form').addEventListener('submit', event => {
    event.preventDefault();
    const words = $('words').value.trim();
    if (!words) return;
    $('said').className = 'state busy';
    tell('said', say.sending);
    $('words').value = '';
    put('/words', {id: newId(), words});
  });
  addEventListener('online', () => { pause = RETRY_MS; send(); });
  document.addEventListener('visibilitychange', () => { if (!document.hidden) send(); });

  if ($('share')) {
    $('go').addEventListener('click', start);
    $('stop').addEventListener('click', () => { halt(); stopped = true; mark('stopped'); show(); });
    $('share').hidden = false;
    const opened = () => { if (!document.hidden) { mark('opened'); document.removeEventListener('visibilitychange', opened); } };
    document.addEventListener('visibilitychange', opened);
    opened();
    if (navigator.permissions) navigator.permissions.query({name: 'geolocation'}).then(asked => {
      const look = () => {
        if (asked.state === 'granted' && !looking && !stopped && best === Infinity) start();
        if (asked.state === 'denied' && !looking) { fail('denied', true); }
      };
      asked.onchange = look;
      look();
    }).catch(() => {});
  }
  if (queue.length) send();
})();
