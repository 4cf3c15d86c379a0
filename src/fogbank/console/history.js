// What this page has seen of a database: lag, who was what and when, events, and how long nobody took writes. Pure.

export const LAG_SPAN = 120_000, TIME_SPAN = 180_000;
const UNSEEN = 15_000;
const IDLE = ["creating", "deleting", "stopped", "stopping", "starting"];

/** A page's memory of one database; times are the browser's, in milliseconds. */
export function begun(now) {
  return { begun: now, last: 0, lags: new Map(), lanes: new Map(), writes: [], changes: [], events: [], known: new Map(), count: 0, colours: 0, good: null, bad: null };
}

/** `down` for a node that should run, `off` for one that is not meant to, else its role. */
export function state(node) {
  if (node.runs) return node.role;
  return IDLE.includes(node.status) ? "off" : "down";
}

/** The node that takes writes; undefined where there is none yet. */
export function first(seen) {
  return seen.nodes.find((one) => one.role === "writer") ?? seen.nodes.find((one) => one.role === "primary");
}

/** What people call a node: of several of one instance, with its zone. */
export function label(seen, node) {
  const is_one = seen.nodes.filter((one) => one.instance === node.instance && one.region === node.region).length === 1;
  if (!is_one) return `${node.instance} (${node.zone})`;
  const is_unique = seen.nodes.filter((one) => one.instance === node.instance).length === 1;
  return is_unique ? node.instance : `${node.instance} (${node.region})`;
}

/** Remembers what was seen: `asked` is when the question left, `now` when the answer came. The change that it ends. */
export function remember(past, seen, { asked, now, interval }) {
  const is_gap = now - past.last > UNSEEN;
  for (const node of seen.nodes) {
    const lane = past.lanes.get(node.name) ?? { spans: [] };
    past.lanes.set(node.name, Object.assign(lane, { label: label(seen, node), seen: now }));
    lengthen(lane.spans, state(node), now, is_gap);
    if (node.follows) late(past, seen, node, now, is_gap);
  }
  for (const series of past.lags.values()) if (series.seen !== now) ended(series, now);
  const writer = first(seen);
  lengthen(past.writes, writer ? (writer.runs ? label(seen, writer) : "nobody") : "nobody", now, is_gap);
  for (const event of seen.events) happened(past, event, now - (seen.cloud_ms - event.at_ms));
  past.events = seen.events.map((one) => past.known.get(one.id));
  const change = changed(past, seen, writer, { asked, now, interval, is_gap });
  past.last = now;
  forget(past, now);
  return change;
}

function lengthen(spans, what, now, is_gap) {
  const last = spans.at(-1);
  if (last && !is_gap) last.to = now;
  if (!last || is_gap || last.what !== what) spans.push({ from: now, to: now, what });
}

function late(past, seen, node, now, is_gap) {
  const series = past.lags.get(node.name) ?? { points: [], read: null, colour: past.colours++ };
  past.lags.set(node.name, Object.assign(series, { label: label(seen, node), seen: now }));
  const value = node.runs ? node.lag_ms : null;
  const is_same = value !== null && node.lag_read_ms === series.read;
  series.value = value;
  if (is_same) return;
  series.read = node.lag_read_ms;
  if (is_gap && series.points.length) series.points.push({ at: now, value: null });
  series.points.push({ at: now, value });
}

/** Whoever follows nobody any longer is not late: its line ends. */
function ended(series, now) {
  if (series.points.at(-1)?.value !== null) series.points.push({ at: now, value: null });
  series.value = undefined;
}

function happened(past, event, at) {
  if (past.known.has(event.id)) return;
  past.known.set(event.id, { ...event, at, number: ++past.count });
}

/** Whoever takes writes is followed: another one, or the same one again after it was away, is a change. */
function changed(past, seen, writer, { asked, now, interval, is_gap }) {
  if (!writer || !writer.runs) {
    if (writer && state(writer) === "off") past.good = past.bad = null;
    else if (past.good) past.bad = { from: past.bad?.from ?? asked, to: asked };
    return null;
  }
  const { good, bad } = past;
  past.good = { name: writer.name, label: label(seen, writer), at: asked, interval };
  past.bad = null;
  if (!good || is_gap || (good.name === writer.name && !bad)) return null;
  const change = {
    from: good.label, to: past.good.label, is_other: good.name !== writer.name, at: now,
    most: now - good.at, least: bad ? bad.to - bad.from : 0, interval: good.interval,
  };
  past.changes.push(change);
  return change;
}

/** The milliseconds between a failover's first and last event, null while they are not both there. */
export function told(past, change) {
  const near = past.events.filter((one) => one.at > change.at - change.most - 2_000 && one.at < change.at + 2_000);
  const started = near.findLast((one) => /failover started|started .*failover/i.test(one.message));
  const completed = near.findLast((one) => /failover completed|completed failover/i.test(one.message));
  return started && completed && completed.at_ms >= started.at_ms ? completed.at_ms - started.at_ms : null;
}

function forget(past, now) {
  for (const series of past.lags.values()) {
    const from = series.points.findIndex((one) => one.at > now - LAG_SPAN);
    // The one before is kept: a line begins at the edge of the plot.
    series.points.splice(0, Math.max(0, from - 1));
  }
  for (const spans of [past.writes, ...[...past.lanes.values()].map((one) => one.spans)]) {
    while (spans.length && spans[0].to < now - TIME_SPAN) spans.shift();
  }
  for (const kind of [past.lags, past.lanes]) {
    for (const [name, one] of kind) if (one.seen < now - TIME_SPAN) kind.delete(name);
  }
  const there = new Set(past.events.map((one) => one.id));
  for (const id of past.known.keys()) if (!there.has(id)) past.known.delete(id);
  while (past.changes.length > 20) past.changes.shift();
}
