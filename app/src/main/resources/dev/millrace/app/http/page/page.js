// @ts-check
// The live page: asks for one bounded overview a second, and shows it. What is not known is said, never drawn as 0.

const EVERY = 1000, PATIENCE = 8000, STALE = 5000;

/** @type {{data: any, at: number, offset: number, down: null | {why: string, since: number}}} */
const state = { data: null, at: 0, offset: 0, down: null };

// ---- small things

class Safe { constructor(/** @type {string} */ text) { this.text = text; } }
const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const put = v => v instanceof Safe ? v.text : Array.isArray(v) ? v.map(put).join('')
  : v === null || v === undefined || v === false ? '' : String(v).replace(/[&<>"']/g, c => ESCAPES[c]);
/** A template whose values are escaped, unless they came from `html` themselves. */
const html = (parts, ...values) => new Safe(parts.reduce((all, part, i) => all + put(values[i - 1]) + part));
const raw = text => new Safe(text);

// One shape per state, drawn on 12 x 12. Shape first, colour second.
const SHAPES = {
  scheduled: '<circle cx="6" cy="6" r="4.7"/><path d="M6 3.4V6l1.9 1.3"/>',
  available: '<path d="M6 1.1 10.9 6 6 10.9 1.1 6Z"/>',
  running: '<path class="solid" d="M2.9 1.5v9L10.6 6Z"/>',
  retryable: '<path d="M10.4 6.6A4.5 4.5 0 1 1 8.9 2.6"/><path d="M9.3.6v2.5H6.8"/>',
  completed: '<path d="m1.8 6.4 2.9 3 5.5-6.6"/>',
  cancelled: '<circle cx="6" cy="6" r="4.7"/><path d="M3.4 6h5.2"/>',
  discarded: '<rect class="solid" x="1.2" y="1.2" width="9.6" height="9.6" rx="1.6"/><path class="cut" d="m4 4 4 4m0-4L4 8"/>',
  unknown: '<circle cx="6" cy="6" r="5" stroke-dasharray="2 1.9"/><path d="M4.6 4.8a1.45 1.45 0 1 1 2 1.3c-.4.2-.6.4-.6.8M6 8.6v.1"/>',
  live: '<circle class="solid" cx="6" cy="6" r="3.4"/>',
  stale: '<circle cx="6" cy="6" r="4.2"/><path class="solid flat" d="M6 1.8a4.2 4.2 0 0 1 0 8.4Z"/>',
  dead: '<circle cx="6" cy="6" r="4.2"/><path d="m3 9 6-6"/>',
  gone: '<circle cx="6" cy="6" r="4.7" stroke-dasharray="1.2 1.8"/>',
  paused: '<path d="M4 2v8M8 2v8"/>',
};
const TONE = { live: 'completed', stale: 'retryable', dead: 'discarded', gone: 'cancelled', paused: 'scheduled' };
const glyph = name => raw(`<svg class="glyph ${TONE[name] ?? name}" viewBox="0 0 12 12" aria-hidden="true">${SHAPES[name]}</svg>`);
const mark = (name, word = name) => html`<span class="st">${glyph(name)}${word}</span>`;

const whole = new Intl.NumberFormat('en');
const unknown = () => html`<span class="unk">${glyph('unknown')}unknown</span>`;
/** A depth; unknown while nobody can count. */
const depth = d => state.down ? html`${unknown()}<span class="sub">was ${d.exact ? '' : '≥ '}${whole.format(d.count)}</span>`
  : d.exact ? html`<span class="${d.count ? 'n' : 'n zero'}">${whole.format(d.count)}</span>`
  : html`<span class="n est" title="Counting stops here">≥ ${whole.format(d.count)}</span>`;
const span = ms => {
  const two = v => String(Math.floor(v)).padStart(2, '0');
  const s = Math.max(0, ms) / 1000;
  return s < 60 ? `${Math.floor(s)} s` : s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)} min`
    : s < 172800 ? `${Math.floor(s / 3600)}:${two(s % 3600 / 60)} h` : `${Math.floor(s / 86400)} d`;
};
const clock = at => new Date(at).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

// Ages tick in place, so that rows change only when their facts do: a selection or the focus stays.
const ages = new Map();
const age = (key, at, after = '') => { ages.set(key, { at, after }); return html`<span class="n" data-age="${key}"></span>`; };
const tick = () => {
  const now = Date.now() + state.offset;
  for (const el of document.querySelectorAll('[data-age]')) {
    const known = ages.get(/** @type {HTMLElement} */ (el).dataset.age);
    const text = known ? span(now - known.at) + known.after : '';
    if (el.textContent !== text) el.textContent = text;
  }
};

// ---- sections: pure functions of the data

const table = (heads, rows) => html`<table><thead><tr>${heads.map(([text, cls]) => html`<th scope="col" class="${cls}">${text}</th>`)}</tr></thead><tbody>${rows}</tbody></table>`;
const none = content => html`<div class="none">${content}</div>`;
const link = job => html`<a href="api/jobs/${job.id}" class="id">${job.id}</a>`;

const queues = d => d.queues.length === 0
  ? none(html`No job has been enqueued yet. Each queue shows up here with its first one:<pre>millrace enqueue echo '{"hello":"world"}'</pre>`)
  : table([['queue', ''], ['available', 'r'], ['running', 'r'], ['scheduled', 'r p2'], ['retryable', 'r p2'], ['parked', 'r p2'], ['oldest waits', 'r p2']],
    d.queues.map(q => html`<tr class="${q.pausedBecause !== null ? 'warn' : ''}"><th scope="row">${q.name}
      ${q.pausedBecause !== null && html`<span class="sub">${mark('paused')} because ${q.pausedBecause}</span>`}
      <span class="sub narrow">${whole.format(q.scheduled.count)} scheduled, ${whole.format(q.retryable.count)} retryable, ${whole.format(q.parked.count)} parked</span></th>
      <td class="r">${depth(q.available)}</td><td class="r">${depth(q.running)}</td><td class="r p2">${depth(q.scheduled)}</td>
      <td class="r p2">${depth(q.retryable)}</td><td class="r p2">${depth(q.parked)}</td>
      <td class="r p2">${q.oldestAvailable === null ? html`<span class="dim">none waits</span>` : age('q' + q.name, Date.parse(q.oldestAvailable))}</td></tr>`));

const running = d => d.running.length === 0 ? none('Nothing runs now.')
  : table([['job', ''], ['kind', ''], ['queue', 'p2'], ['attempt', 'r p2'], ['progress', 'r p2'], ['runs for', 'r']],
    d.running.map(j => html`<tr><td>${link(j)}</td><td>${mark('running', j.kind)}</td><td class="p2">${j.queue}</td><td class="r n p2">${j.attempt}</td>
      <td class="r n p2">${j.progress && j.progress.total > 0 ? `${whole.format(j.progress.done)} of ${whole.format(j.progress.total)}` : html`<span class="dim">not told</span>`}</td>
      <td class="r">${j.startedAt ? age('r' + j.id, Date.parse(j.startedAt)) : html`<span class="dim">about to</span>`}</td></tr>`));

const failures = d => d.failures.length === 0 ? none('No failures. Jobs that were discarded, or wait for another attempt, show up here.')
  : table([['job', ''], ['state', ''], ['kind', 'p2'], ['attempt', 'r p2'], ['what happened', 'p2'], ['enqueued', 'r']],
    d.failures.map(j => html`<tr><td>${link(j)}<span class="sub narrow">${j.kind}: ${j.failure?.message ?? j.reason}</span></td><td>${mark(j.state)}</td><td class="p2">${j.kind}</td><td class="r n p2">${j.attempt}</td>
      <td class="p2">${j.failure?.message ?? j.reason ?? html`<span class="dim">nothing was said</span>`}</td>
      <td class="r">${age('f' + j.id, Date.parse(j.enqueuedAt), ' ago')}</td></tr>`));

const life = n => state.down ? ['unknown', 'unknown'] : n.life === 'gone' ? ['gone', 'gone'] : n.life === 'deposed' ? ['dead', 'dead']
  : n.sinceBeatMillis > 10000 ? ['dead', 'silent'] : n.sinceBeatMillis > 3500 ? ['stale', 'late'] : ['live', 'alive'];
const nodes = d => {
  const here = d.nodes.filter(n => n.life !== 'gone');
  const gone = d.nodes.length - here.length;
  const past = gone ? html`<div class="none dim">${gone === 1 ? '1 node has' : `${whole.format(gone)} nodes have`} gone within the last day.</div>` : '';
  return here.length === 0 ? html`${none(html`No node is alive, so nothing runs. Start one:<pre>millrace up</pre>`)}${past}`
    : html`${table([['node', ''], ['life', ''], ['last beat', 'r'], ['slots', 'r p2'], ['queues', 'p2'], ['kinds', 'p2']],
      here.map(n => { const [shape, word] = life(n); return html`<tr class="${shape === 'dead' ? 'bad' : ''}"><th scope="row">${n.name}<span class="sub">process ${n.pid} on ${n.host}</span></th><td>${mark(shape, word)}${n.stuck ? html`<span class="sub">${many(n.stuck.handlers, 'stuck handler')}</span>` : ''}</td>
        <td class="r">${age('n' + n.id, Date.parse(d.at) - n.sinceBeatMillis, ' ago')}</td><td class="r n p2">${whole.format(n.slots)}</td>
        <td class="p2">${n.queues.join(', ')}</td><td class="p2">${n.kinds.map(k => k.replace(/:1$/, '')).join(', ')}</td></tr>`; }))}${past}`;
};

const many = (n, word, words = word + 's') => `${whole.format(n)} ${n === 1 ? word : words}`;
/** The first line answers: how it is, what is wrong. */
const sentence = d => {
  if (state.down) return `The database can't be reached since ${clock(state.down.since)}. What you see was so then; nothing that was acknowledged is lost.`;
  const alive = d.nodes.filter(n => n.life === 'alive').length;
  const sum = name => d.queues.reduce((all, q) => ({ count: all.count + q[name].count, exact: all.exact && q[name].exact }), { count: 0, exact: true });
  const waits = sum('available'), runs = sum('running'), parked = sum('parked');
  const waiting = `${waits.exact ? '' : 'at least '}${many(waits.count, 'job waits', 'jobs wait')}`;
  const paused = [...d.queues.filter(q => q.pausedBecause !== null).map(q => q.name), ...d.pauses.map(p => `${p.scope} ${p.name}`)];
  const more = (paused.length ? ` Paused: ${paused.join(', ')}.` : '') + (parked.count ? ` ${many(parked.count, 'job is', 'jobs are')} parked: no node can run ${parked.count === 1 ? 'it' : 'them'} now.` : '');
  if (alive === 0) return waits.count ? `No node is alive, and ${waiting}.${more}` : `No node is alive.${more}`;
  if (!runs.count && !waits.count) return `All is quiet: ${many(alive, 'node')}, nothing runs and nothing waits.${more}`;
  return `${many(alive, 'node')} ${alive === 1 ? 'runs' : 'run'} ${many(runs.count, 'job')}; ${waits.count ? waiting : 'none waits'}.${more}`;
};

// ---- show

const shown = new Map();
const fill = (id, content) => {
  const text = put(content);
  if (shown.get(id) === text) return;
  shown.set(id, text);
  const el = document.getElementById(id);
  if (el) el.innerHTML = text;
};

const render = () => {
  const old = state.data ? Date.now() - state.at : 0;
  const stale = state.data && old > STALE;
  fill('fresh', state.down ? mark('unknown', `Unknown since ${clock(state.down.since)}`)
    : !state.data ? '' : stale ? mark('stale', `Stale since ${clock(state.at)}`) : mark('live', 'Live'));
  fill('note', state.down ? state.down.why : stale ? `These figures are ${span(old)} old: Millrace does not answer. It is asked again every second.` : '');
  if (!state.data) {
    if (state.down) fill('say', sentence(null));
    return;
  }
  const d = state.data;
  fill('say', sentence(d));
  fill('queues', queues(d));
  fill('running', running(d));
  fill('failures', failures(d));
  fill('nodes', nodes(d));
  fill('source', `${d.database[0].toUpperCase()}${d.database.slice(1)}`);
  document.title = state.down ? 'Unknown · Millrace' : stale ? 'Stale · Millrace' : 'Millrace';
  if (!stale && !state.down) tick();
};

// ---- ask

const ask = async () => {
  try {
    const answer = await fetch('api/overview', { signal: AbortSignal.timeout(PATIENCE), headers: { Accept: 'application/json' } });
    const json = await answer.json();
    if (answer.ok) {
      Object.assign(state, { data: json, at: Date.now(), offset: Date.parse(json.at) - Date.now(), down: null });
    } else {
      state.down ??= { why: '', since: Date.now() };
      state.down.why = json.detail ?? `The server answered ${answer.status}.`;
      state.at = Date.now();
    }
  } catch {
    // no answer: what is shown grows old, and says so
    if (!state.data) fill('say', 'Millrace does not answer. It is asked again every second.');
  }
};

const loop = async () => {
  if (!document.hidden) await ask();
  render();
  setTimeout(loop, EVERY);
};
document.addEventListener('visibilitychange', () => { if (!document.hidden) ask().then(render); });
loop();
