// Lag and times as SVG, as wide as there is room: text keeps its size.

import { svg } from "./drawing.js";
import { LAG_SPAN, TIME_SPAN } from "./history.js";

const LEFT = 52, RIGHT = 14, LAG_HIGH = 118, BELOW = 22, LANE_HIGH = 25, EVENTS_HIGH = 22;
const LETTER = 6.6;

/** The least round number of milliseconds that is no less. */
export function ceiling(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [1, 2, 5, 10].map((one) => one * power).find((one) => one >= value);
}

function ago(seconds) {
  if (!seconds) return "now";
  return seconds % 60 ? `${seconds} s ago` : `${seconds / 60} min ago`;
}

function ticks(wide, left, span, every, y) {
  const group = svg("g", { class: "axis" });
  const x = (milliseconds) => left + (1 - milliseconds / span) * (wide - left - RIGHT);
  for (let at = 0; at <= span; at += every) {
    const anchor = at ? (at === span ? "start" : "middle") : "end";
    group.append(svg("text", { x: x(at) + (at ? 0 : RIGHT), y: y + 15, "text-anchor": anchor }, ago(at / 1000)));
    group.append(svg("path", { class: "grid", d: `M${x(at)},4V${y}` }));
  }
  return group;
}

/** Each reader's lag of the last two minutes; a gap where nobody knew. */
export function lagPlot(past, now, wide) {
  const series = [...past.lags.values()];
  const late = series.filter((one) => one.value !== undefined);
  const values = series.flatMap((one) => one.points.map((point) => point.value ?? 0));
  const top = ceiling(Math.max(10, ...values) * 1.02);
  const x = (at) => LEFT + (1 - (now - at) / LAG_SPAN) * (wide - LEFT - RIGHT);
  const y = (value) => 10 + (1 - value / top) * (LAG_HIGH - 10);
  const said = late.map((one) => `${one.label} ${one.value === null ? "unknown" : `${one.value} ms`}`).join(", ");
  const drawn = svg("svg", { width: wide, height: LAG_HIGH + BELOW, role: "img", "aria-label": `Lag: ${said || "no readers"}` });
  drawn.append(ticks(wide, LEFT, LAG_SPAN, wide < 560 ? 60_000 : 30_000, LAG_HIGH));
  for (const share of [0, 0.5, 1]) {
    drawn.append(svg("path", { class: "grid", d: `M${LEFT},${y(top * share)}H${wide - RIGHT}` }));
    drawn.append(svg("text", { class: "axis", x: LEFT - 7, y: y(top * share) + 4, "text-anchor": "end" }, `${top * share} ms`));
  }
  const clip = svg("clipPath", { id: "lag-clip" }, svg("rect", { x: LEFT, y: 0, width: Math.max(0, wide - LEFT - RIGHT + 5), height: LAG_HIGH + 3 }));
  const lines = svg("g", { "clip-path": "url(#lag-clip)" });
  for (const one of series) {
    const at = one.colour % 6;
    for (const run of runs(one.points)) {
      const points = run.map((point) => `${x(point.at).toFixed(1)},${y(point.value).toFixed(1)}`).join(" ");
      lines.append(svg("polyline", { class: `line s${at}`, points, "data-series": one.label }));
    }
    const last = one.points.at(-1);
    if (last && last.value !== null) lines.append(svg("circle", { class: `end s${at}`, cx: x(last.at), cy: y(last.value), r: 3 }));
  }
  drawn.append(clip, lines);
  return drawn;
}

/** The stretches of points that have a value. */
function runs(points) {
  const found = [[]];
  for (const one of points) {
    if (one.value === null) found.push([]);
    else found.at(-1).push(one);
  }
  return found.filter((one) => one.length);
}

/** Who took writes, what each node was, and what happened when. */
export function timeline(past, now, wide) {
  const lanes = [{ label: "takes writes", spans: past.writes }, ...past.lanes.values()];
  const left = Math.min(14 + Math.max(...lanes.map((one) => one.label.length)) * LETTER, wide * 0.34);
  const x = (at) => left + (1 - (now - at) / TIME_SPAN) * (wide - left - RIGHT);
  const marks = marked(past, now, x);
  const bottom = 6 + lanes.length * LANE_HIGH + EVENTS_HIGH;
  const drawn = svg("svg", { width: wide, height: bottom + BELOW, role: "img", "aria-label": sentence(past) });
  drawn.append(ticks(wide, left, TIME_SPAN, 60_000, bottom));
  const clip = svg("clipPath", { id: "time-clip" }, svg("rect", { x: left, y: 0, width: Math.max(0, wide - left - RIGHT), height: bottom }));
  const bars = svg("g", { "clip-path": "url(#time-clip)" });
  lanes.forEach((lane, at) => {
    const y = 6 + at * LANE_HIGH;
    drawn.append(svg("text", { class: at ? "lane" : "lane first", x: left - 9, y: y + 15, "text-anchor": "end" }, fitting(lane.label, left)));
    for (const span of lane.spans) bars.append(bar(span, Math.max(x(span.from), left), x(span.to), y, !at));
  });
  const y = 6 + lanes.length * LANE_HIGH;
  for (const one of marks) bars.append(mark(one, y));
  if (!marks.length) drawn.append(svg("text", { class: "axis", x: left + 4, y: y + 14 }, "no events"));
  drawn.append(svg("text", { class: "lane", x: left - 9, y: y + 14, "text-anchor": "end" }, "events"), clip, bars);
  return drawn;
}

function fitting(text, room) {
  const letters = Math.floor((room - 12) / LETTER);
  return text.length > letters ? `${text.slice(0, Math.max(1, letters - 1))}…` : text;
}

/** A stretch of time, with what it was in words where there is room; it is never so short that it cannot be seen. */
function bar(span, from, to, y, is_writes) {
  const wide = Math.max(to - from, 2), what = span.what;
  const kind = is_writes ? (what === "nobody" ? "down" : "writes") : what;
  const has_room = wide > what.length * LETTER + 10;
  const middle = from + wide / 2;
  return svg(
    "g", { class: `span ${kind}`, "data-what": what },
    svg("rect", { x: from, y, width: wide, height: LANE_HIGH - 6, rx: Math.min(4, wide / 2) }),
    has_room ? svg("text", { x: middle, y: y + 14, "text-anchor": "middle" }, what) : null,
    svg("title", {}, `${what}: ${((span.to - span.from) / 1000).toFixed(1)} s`),
  );
}

/** Events with the places of their numbers; those that would cover each other are one mark, `3–5`. */
function marked(past, now, x) {
  const found = [];
  for (const one of past.events.filter((event) => event.at > now - TIME_SPAN)) {
    const last = found.at(-1);
    if (last && x(one.at) - half([one]) < x(last.at(-1).at) + half(last)) last.push(one);
    else found.push([one]);
  }
  return found.map((some) => ({ some, x: (x(some[0].at) + x(some.at(-1).at)) / 2, half: half(some), each: some.map((one) => x(one.at)) }));
}

function numbers(some) {
  return some.length > 1 ? `${some[0].number}–${some.at(-1).number}` : String(some[0].number);
}

function half(some) {
  return (numbers(some).length * LETTER + 10) / 2;
}

function mark({ some, x, half: half_, each }, y) {
  const failovers = some.map((one) => one.categories.includes("failover"));
  const when = each.map((at, n) => svg("path", { class: failovers[n] ? "when failover" : "when", d: `M${at},${failovers[n] ? 2 : y - 4}V${y + 2}` }));
  return svg(
    "g", { class: `event${failovers.includes(true) ? " failover" : ""}`, "data-event": some.map((one) => one.message).join("\n") },
    ...when,
    svg("rect", { x: x - half_, y: y + 2, width: half_ * 2, height: 16, rx: 8 }),
    svg("text", { x, y: y + 14, "text-anchor": "middle" }, numbers(some)),
    svg("title", {}, some.map((one) => `${one.number}. ${one.source}: ${one.message}`).join("\n")),
  );
}

function sentence(past) {
  const lanes = [...past.lanes.values()].map((one) => `${one.label} is ${one.spans.at(-1)?.what ?? "unknown"}`);
  return `Timeline: ${past.writes.at(-1)?.what ?? "nobody"} takes writes; ${lanes.join(", ")}`;
}
