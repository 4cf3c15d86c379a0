// Where endpoints and nodes stand, and their SVG: each node has a row, so that no line crosses another node.

import { rounded, svg } from "./drawing.js";
import { first, label, state } from "./history.js";

const NODE = 212, NODE_HIGH = 78, ENDPOINT = 232, ENDPOINT_HIGH = 62, ROW = 90, COLUMN = 236, TOP = 26, LANE = 11, SPREAD = 12;
const RIGHT = 100, SCALE_MIN = 0.7;
/** With less room than this, endpoints and nodes stand below each other. */
export const NARROW = 760;

function fitting(text, length) {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

/** Places for everything, in pixels from the top left; where there is little room, all below each other. Pure. */
export function layout(seen, room) {
  const is_narrow = room < NARROW, count = seen.endpoints.length;
  const zones = is_narrow ? [""] : zonesOf(seen);
  const gutter = 26 + LANE * count;
  const left = is_narrow ? gutter : 4 + ENDPOINT + gutter;
  const top = TOP + 12 + (is_narrow ? count * (ENDPOINT_HIGH + 12) + 12 : 0);
  const nodes = new Map();
  ordered(seen).forEach((one, row) => {
    nodes.set(one.name, { one, x: left + 12 + (is_narrow ? 0 : zones.indexOf(one.zone)) * COLUMN, y: top + row * ROW });
  });
  const rows = Math.max(nodes.size, 1) * ROW, least = is_narrow ? 0 : count * (ENDPOINT_HIGH + 12);
  const high = top + Math.max(rows, least);
  const step = is_narrow ? ENDPOINT_HIGH + 12 : (high - top) / Math.max(count, 1);
  const endpoints = seen.endpoints.map((one, at) => ({
    one, x: is_narrow ? left + 12 : 4,
    y: is_narrow ? 4 + at * step : top + at * step + Math.max(0, (Math.min(step, ROW) - ENDPOINT_HIGH - 20) / 2),
    lane: is_narrow ? left - 8 - LANE * (at + 1) : 4 + ENDPOINT + 12 + LANE * (count - at),
    shift: (at - (count - 1) / 2) * Math.min(SPREAD, (NODE_HIGH - 20) / Math.max(count - 1, 1)),
  }));
  const sources = [...new Set(seen.nodes.map((one) => one.follows).filter(Boolean))];
  const right = left + Math.max(zones.length, 1) * COLUMN;
  return { zones, nodes, endpoints, sources, left, right, top, high, wide: right + RIGHT + LANE * sources.length, is_narrow };
}

/** The zones of all nodes, those of the database's own region first. */
function zonesOf(seen) {
  const place = (zone) => `${zone.startsWith(seen.region) ? 0 : 1}${zone}`;
  return [...new Set(seen.nodes.map((one) => one.zone))].sort((a, b) => place(a).localeCompare(place(b)));
}

/** Nodes as they stand below each other: as they came, so that roles move and nodes do not. */
function ordered(seen) {
  return [...seen.nodes].sort((a, b) => (a.region === b.region ? 0 : a.region === seen.region ? -1 : 1)
    || (a.instance === b.instance ? a.zone.localeCompare(b.zone) : 0));
}

/** All of it as SVG, for so many pixels of room. */
export function picture(seen, room) {
  const plan = layout(seen, room);
  const drawn = svg("svg", {
    width: plan.wide, height: plan.high, viewBox: `0 0 ${plan.wide} ${plan.high}`, role: "group",
    "aria-label": `${seen.kind} ${seen.id}`,
  });
  drawn.style.minWidth = `${Math.round(plan.wide * SCALE_MIN)}px`;
  drawn.append(zones(plan));
  // The last is drawn over the others: the writer's.
  for (const place of plan.endpoints.toReversed()) for (const name of place.one.behind) lead(plan, drawn, place, name);
  for (const place of plan.nodes.values()) if (place.one.follows) replication(plan, drawn, place);
  for (const place of plan.endpoints) drawn.append(endpoint(seen, place));
  for (const place of plan.nodes.values()) drawn.append(node(seen, plan, place));
  return drawn;
}

function zones(plan) {
  const group = svg("g", {});
  plan.zones.forEach((zone, at) => {
    const x = plan.left + at * COLUMN;
    const y = plan.top - TOP - 8;
    group.append(svg("rect", { class: "zone-band", x, y, width: COLUMN - 12, height: plan.high - y - 4, rx: 10 }));
    group.append(svg("text", { class: "zone-name", x: x + 12, y: y + 22 }, zone || "nodes"));
  });
  return group;
}

function thing(kind, id, name, label_, more = {}) {
  return { "data-kind": kind, "data-id": id, "data-name": name, tabindex: 0, role: "button", "aria-label": label_, ...more };
}

function names(seen, behind) {
  const found = behind.map((name) => seen.nodes.find((one) => one.name === name)).filter(Boolean);
  return found.map((one) => label(seen, one)).join(", ") || "nobody";
}

const KINDS = { writer: "writer endpoint", reader: "reader endpoint", "custom reader": "custom (readers)",
  "custom any": "custom (any)", instance: "instance endpoint" };

export function kindOf(endpoint_) {
  return KINDS[endpoint_.kind] ?? endpoint_.kind;
}

function endpoint(seen, { one, x, y }) {
  const leads = names(seen, one.behind), is_dead = isDead(seen, one);
  const where = one.kind.startsWith("custom") || one.kind === "instance" ? `${one.id} · ` : "";
  const text = `${kindOf(one)} ${one.id}, leads to ${leads}${is_dead ? ", where nobody answers" : ""}`;
  return svg(
    "g",
    thing("endpoint", one.name, `${one.kind} ${one.id}`, text, { class: `endpoint${is_dead ? " dead" : ""}` }),
    svg("rect", { class: "box", x, y, width: ENDPOINT, height: ENDPOINT_HIGH, rx: 16 }),
    svg("text", { class: "name", x: x + 16, y: y + 20 }, fitting(where + kindOf(one), 26)),
    svg("text", { class: "code facts", x: x + 16, y: y + 36 }, `${one.address}:${one.port}`),
    svg("text", { class: "facts leads", x: x + 16, y: y + 52 }, fitting(`leads to ${leads}`, 33)),
  );
}

function isDead(seen, one) {
  return !one.behind.some((name) => seen.nodes.find((found) => found.name === name)?.runs);
}

/** The line from an endpoint to a node: down its own lane, then along the node's row. */
function lead(plan, drawn, place, name) {
  const to = plan.nodes.get(name);
  if (!to) return;
  const start = place.y + ENDPOINT_HIGH / 2, y = to.y + NODE_HIGH / 2 + place.shift;
  const points = [{ x: place.x + (plan.is_narrow ? 0 : ENDPOINT), y: start }, { x: place.lane, y: start }, { x: place.lane, y }, { x: to.x, y }];
  drawn.append(svg(
    "g", { class: `lead ${place.one.kind.replaceAll(" ", "-")}${to.one.runs ? "" : " dead"}`, "data-lead": `${place.one.kind} ${place.one.id} ${to.one.instance}` },
    svg("path", { class: "wire", d: path(points) }),
    svg("path", { class: "head", d: "M0,0L-8,-4L-8,4Z", transform: `translate(${to.x},${y})` }),
  ));
}

function path(points) {
  return rounded(points.filter((one, at) => !at || Math.hypot(one.x - points[at - 1].x, one.y - points[at - 1].y) > 0.5));
}

/** The arrow from who is followed to who follows, by the lane of its source at the right, with the lag in words. */
function replication(plan, drawn, to) {
  const from = plan.nodes.get(to.one.follows);
  if (!from) return;
  const lane = plan.right + 66 + LANE * plan.sources.indexOf(to.one.follows);
  const out = from.y + NODE_HIGH / 2 - (from.one.follows ? 14 : 0), y = to.y + NODE_HIGH / 2 + (plan.sources.includes(to.one.name) ? 14 : 0);
  const points = [{ x: from.x + NODE, y: out }, { x: lane, y: out }, { x: lane, y }, { x: to.x + NODE, y }];
  const is_dead = !from.one.runs || !to.one.runs;
  drawn.append(svg(
    "g", { class: `replication${is_dead ? " dead" : ""}` },
    svg("path", { class: "wire", d: path(points) }),
    svg("path", { class: "head", d: "M0,0L8,-4L8,4Z", transform: `translate(${to.x + NODE},${y})` }),
    svg("text", { class: "lag", x: to.x + NODE + 13, y: y - 6, "data-lag": to.one.instance }, is_dead ? "" : late(to.one.lag_ms)),
  ));
}

/** A lag as people read it. */
export function late(value) {
  if (value === null || value === undefined) return "lag ?";
  if (value >= 10_000) return `${(value / 1000).toFixed(0)} s`;
  return `${value < 10 && value > 0 ? value.toFixed(1) : Math.round(value)} ms`;
}

/** How it goes, in words. */
export function going(one) {
  const found = state(one);
  if (found === "down") return `does not run (${one.status})`;
  if (found === "off") return one.runs ? one.status : `${one.status}, does not run`;
  const count = one.connections;
  return count === null ? one.status : `${one.status} · ${count} connection${count === 1 ? "" : "s"}`;
}

function shownState(one) {
  const found = state(one);
  return found === "down" || found === "off" ? found : one.status === "available" ? "up" : "changing";
}

function node(seen, plan, { one, x, y }) {
  const is_first = first(seen)?.name === one.name;
  const name = label(seen, one);
  const facts = [one.class, plan.is_narrow ? one.zone : one.tier === null ? "" : `tier ${one.tier}`];
  const badge = one.role.length * 6.6 + 16;
  const lag = one.follows ? `, lag ${late(one.lag_ms)}` : "";
  return svg(
    "g",
    thing("node", one.name, one.instance, `${one.role} ${name}, ${one.zone}, ${going(one)}${lag}`, {
      class: `node ${one.role}${is_first ? " first" : ""}`, "data-state": shownState(one), "data-role": one.role,
    }),
    svg("rect", { class: "box", x, y, width: NODE, height: NODE_HIGH, rx: 10 }),
    svg("circle", { class: "dot", cx: x + 15, cy: y + 19, r: 4.5 }),
    svg("text", { class: "name", x: x + 27, y: y + 23 }, fitting(one.instance, Math.floor((NODE - badge - 44) / 8.3))),
    svg("rect", { class: "badge", x: x + NODE - badge - 9, y: y + 9, width: badge, height: 19, rx: 9.5 }),
    svg("text", { class: "role", x: x + NODE - badge / 2 - 9, y: y + 22.5, "text-anchor": "middle" }, one.role),
    svg("text", { class: "facts", x: x + 15, y: y + 45 }, fitting(facts.filter(Boolean).join(" · "), 34)),
    svg("text", { class: "facts going", x: x + 15, y: y + 63 }, fitting(going(one), 34)),
  );
}
