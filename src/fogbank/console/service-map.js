// The service map: who calls whom, from clients at the left to what is called last at the right.

import { svg } from "./drawing.js";
import { fitting, span } from "./lists.js";

export const RADIUS = 34, LABEL = 34, COLUMN = 218, SLOT = 2 * 34 + 34 + 26;
const THIN = 40, SIDE = 92, TOP = 14, SWEEPS = 8, LETTER = 5.9, SCALE_MIN = 0.7;

// Where everything stands: layers by depth, an order with few crossings, and no two things at one place. Pure.

/** { nodes: Map id -> {one, x, y}, edges: [{one, points, is_back}], wide, high }. */
export function layout(map) {
  const ids = new Set(map.nodes.map((one) => one.id));
  const edges = map.edges.filter((one) => ids.has(one.source) && ids.has(one.target));
  const back = backward(map.nodes, edges);
  const depth = depths(map.nodes, edges.filter((one) => !back.has(one)));
  const layers = [];
  const put = (slot) => ((layers[slot.depth] ??= []).push(slot), slot);
  const slots = new Map(map.nodes.map((one) => [one.id, put({ id: one.id, one, depth: depth.get(one.id), ups: [], downs: [], high: SLOT })]));
  const chains = new Map();
  for (const edge of edges) {
    if (back.has(edge)) continue;
    const last = slots.get(edge.target), chain = [slots.get(edge.source)];
    // A call that passes over a layer has a place of its own there.
    for (let at = chain[0].depth + 1; at < last.depth; at++) chain.push(put({ depth: at, ups: [], downs: [], high: THIN }));
    chain.push(last);
    for (let at = 1; at < chain.length; at++) {
      chain[at - 1].downs.push(chain[at]);
      chain[at].ups.push(chain[at - 1]);
    }
    chains.set(edge, chain);
  }
  ordered(layers);
  placed(layers);
  const all = layers.flat(), least = Math.min(...all.map((one) => one.y - one.high / 2), 0);
  for (const one of all) Object.assign(one, { x: SIDE + one.depth * COLUMN, y: one.y - least + TOP });
  const high = Math.max(...all.map((one) => one.y + one.high / 2), SLOT) + (back.size ? 40 : 4);
  return {
    nodes: new Map([...slots].map(([id, { one, x, y }]) => [id, { one, x, y }])),
    edges: edges.map((one) => ({
      one, is_back: back.has(one),
      points: back.has(one) ? [slots.get(one.source), slots.get(one.target)] : chains.get(one),
    })),
    wide: 2 * SIDE + (layers.length - 1) * COLUMN, high,
  };
}

/** Calls that lead back to who has called already, found from the clients on. */
function backward(nodes, edges) {
  const out = new Map(nodes.map((one) => [one.id, edges.filter((edge) => edge.source === one.id)]));
  const called = new Set(edges.filter((one) => one.source !== one.target).map((one) => one.target));
  const rank = (one) => (one.type === "client" ? 0 : called.has(one.id) ? 2 : 1);
  const found = new Set(), done = new Set(), on_way = new Set();
  const walk = (id) => {
    on_way.add(id);
    for (const edge of out.get(id)) {
      if (on_way.has(edge.target)) found.add(edge);
      else if (!done.has(edge.target)) walk(edge.target);
    }
    on_way.delete(id);
    done.add(id);
  };
  for (const one of [...nodes].sort((a, b) => rank(a) - rank(b))) if (!done.has(one.id)) walk(one.id);
  return found;
}

/** The longest way to each node from where nothing leads to. */
function depths(nodes, edges) {
  const found = new Map(nodes.map((one) => [one.id, 0]));
  for (let moved = true; moved;) {
    moved = false;
    for (const { source, target } of edges) {
      if (found.get(target) > found.get(source)) continue;
      found.set(target, found.get(source) + 1);
      moved = true;
    }
  }
  return found;
}

/** Each layer in the order of what its things are tied to, down and up, until that has settled. */
function ordered(layers) {
  const name = (slot) => (slot.one ? `${slot.one.name} ${slot.id}` : "~");
  for (const layer of layers) layer.sort((a, b) => name(a).localeCompare(name(b)));
  const count = () => layers.forEach((layer) => layer.forEach((one, at) => { one.rank = at; }));
  count();
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const side = sweep % 2 ? "downs" : "ups";
    for (const layer of sweep % 2 ? layers.toReversed() : layers) {
      const aim = new Map(layer.map((one) => [one, mean(one[side].map((other) => other.rank)) ?? one.rank]));
      layer.sort((a, b) => aim.get(a) - aim.get(b) || a.rank - b.rank);
      layer.forEach((one, at) => { one.rank = at; });
    }
  }
}

function mean(values) {
  return values.length ? values.reduce((sum, one) => sum + one, 0) / values.length : null;
}

/** Heights: as near to what each is tied to as its neighbours let it. */
function placed(layers) {
  for (const layer of layers) spread(layer, layer.map((_, at) => at * SLOT));
  for (let sweep = 0; sweep < 2 * SWEEPS; sweep++) {
    const side = sweep % 2 ? "downs" : "ups";
    for (const layer of sweep % 2 ? layers.toReversed() : layers) {
      spread(layer, layer.map((one) => mean(one[side].map((other) => other.y)) ?? one.y));
    }
  }
}

/** Gives each its aim, or the next place that is free in its order; the layer stays where its aims are on average. */
function spread(layer, aims) {
  layer.forEach((one, at) => {
    const above = layer[at - 1];
    one.y = above ? Math.max(aims[at], above.y + (above.high + one.high) / 2) : aims[at];
  });
  const shift = mean(layer.map((one, at) => aims[at] - one.y));
  for (const one of layer) one.y += shift;
}

// The drawing

export function picture(map) {
  const plan = layout(map);
  const drawn = svg("svg", {
    width: plan.wide, height: plan.high, viewBox: `0 0 ${plan.wide} ${plan.high}`, role: "group",
    "aria-label": `Service map: ${map.nodes.length} nodes, ${map.edges.length} calls`,
  });
  drawn.style.minWidth = `${Math.round(plan.wide * SCALE_MIN)}px`;
  for (const edge of plan.edges) drawn.append(call(plan, edge));
  for (const place of plan.nodes.values()) drawn.append(vertex(place));
  return drawn;
}

/** The worst that has come of calls. */
export function worst(one) {
  return one.faults ? "fault" : one.throttles ? "throttle" : one.errors ? "error" : "ok";
}

export function called(one) {
  return one.type === "client" ? "Clients" : one.name;
}

export function figures(one) {
  const count = `${one.requests} request${one.requests === 1 ? "" : "s"}`;
  const ends = [["error", one.errors], ["throttle", one.throttles], ["fault", one.faults]].filter(([, found]) => found);
  const bad = ends.map(([name, found]) => `, ${found} ${name}${found === 1 ? "" : "s"}`).join("");
  return one.requests === null ? "nobody counts" : `${count}${bad}${one.mean_seconds === null ? "" : `, ${span(one.mean_seconds)} on average`}`;
}

function short(count) {
  return count < 10_000 ? `${count}` : count < 1e6 ? `${Math.round(count / 1000)}k` : `${(count / 1e6).toFixed(1)}M`;
}

function vertex({ one, x, y: middle }) {
  const y = middle - LABEL / 2, is_client = one.type === "client";
  const turn = `rotate(-90 ${x} ${y})`;
  const rings = [];
  let from = 0;
  for (const [name, count] of [["ok", one.ok], ["error", one.errors], ["throttle", one.throttles], ["fault", one.faults]]) {
    const share = one.requests ? (100 * (count ?? 0)) / one.requests : 0;
    if (share) rings.push(svg("circle", { class: `ring ${name}`, cx: x, cy: y, r: RADIUS - 4, pathLength: 100, transform: turn, "data-share": share.toFixed(1),
      "stroke-dasharray": share > 99.99 ? null : `${share} ${100 - share}`, "stroke-dashoffset": -from }));
    from += share;
  }
  const type = is_client ? "" : one.type.replace(/^AWS::/, "");
  const inner = is_client ? [svg("path", { class: "person", d: `M${x},${y - 15}a7.5,7.5 0 1 1 -0.01,0ZM${x - 14},${y + 15}a14,12 0 0 1 28,0Z` })]
    : one.requests === null ? [svg("text", { class: "mean", x, y: y + 4, "text-anchor": "middle" }, "?")]
      : [svg("text", { class: "many", x, y: y + 2, "text-anchor": "middle" }, short(one.requests)),
        svg("text", { class: "mean", x, y: y + 16, "text-anchor": "middle" }, span(one.mean_seconds))];
  return svg(
    "g", {
      class: `vertex ${is_client ? "client" : worst(one)}`, tabindex: 0, role: "button", "data-kind": "node", "data-id": one.id,
      "data-name": called(one), "data-type": one.type, "data-requests": one.requests, "aria-label": `${called(one)}${type ? `, ${type}` : ""}: ${figures(one)}`,
    },
    svg("circle", { class: "disc", cx: x, cy: y, r: RADIUS }), ...rings, ...inner,
    svg("text", { class: "name", x, y: y + RADIUS + 17, "text-anchor": "middle" }, fitting(called(one), 21)),
    type ? svg("text", { class: "type", x, y: y + RADIUS + 31, "text-anchor": "middle" }, fitting(type, 23)) : null,
  );
}

function call(plan, { one, points, is_back }) {
  const from = points[0], to = points.at(-1);
  const middle = (slot) => ({ x: slot.x, y: slot.one ? slot.y - LABEL / 2 : slot.y });
  const way = is_back ? around(middle(from), middle(to), from === to) : along(points.map(middle));
  const who = called(plan.nodes.get(one.source).one);
  const label = `${who} ${who === "Clients" ? "call" : "calls"} ${called(plan.nodes.get(one.target).one)}: ${figures(one)}`;
  const figure = one.requests === null ? "" : `${short(one.requests)}${one.mean_seconds === null ? "" : ` · ${span(one.mean_seconds)}`}`;
  const room = figure.length * LETTER + 8;
  return svg(
    "g", { class: `call ${worst(one)}`, tabindex: 0, role: "button", "data-kind": "edge", "data-id": `${one.source} ${one.target}`, "data-requests": one.requests, "aria-label": label },
    svg("path", { class: "reach", d: way.path }), svg("path", { class: "wire", d: way.path }),
    svg("path", { class: "head", d: "M0,0L-9,-4.5L-9,4.5Z", transform: `translate(${way.end.x.toFixed(1)},${way.end.y.toFixed(1)}) rotate(${way.angle.toFixed(1)})` }),
    figure ? svg("rect", { class: "under", x: (way.label.x - room / 2).toFixed(1), y: (way.label.y - 8).toFixed(1), width: room, height: 16, rx: 8 }) : null,
    svg("text", { class: "figures", x: way.label.x.toFixed(1), y: (way.label.y + 4).toFixed(1), "text-anchor": "middle" }, figure),
  );
}

/** From rim to rim, level at each place that it passes. */
function along(points) {
  const begin = points[0], last = points.at(-1);
  const start = { x: begin.x + RADIUS + 1, y: begin.y }, end = { x: last.x - RADIUS - 2, y: last.y };
  const all = [start, ...points.slice(1, -1), end];
  let path = `M${start.x},${start.y.toFixed(1)}`;
  for (let at = 1; at < all.length; at++) {
    const a = all[at - 1], b = all[at], half = (a.x + b.x) / 2;
    path += `C${half},${a.y.toFixed(1)} ${half},${b.y.toFixed(1)} ${b.x},${b.y.toFixed(1)}`;
  }
  return { path, end, angle: 0, label: { x: (all[0].x + all[1].x) / 2, y: (all[0].y + all[1].y) / 2 } };
}

/** Back to an earlier one: below all that is between. */
function around(from, to, is_self) {
  const start = { x: from.x - (is_self ? -12 : 10), y: from.y + RADIUS + (is_self ? -3 : 0) };
  if (is_self) {
    const top = from.y - RADIUS - 20, end = { x: from.x - 10, y: from.y - RADIUS - 1 };
    const path = `M${from.x + 12},${from.y - RADIUS + 2}C${from.x + 34},${top} ${from.x - 30},${top - 4} ${end.x},${end.y}`;
    return { path, end, angle: 62, label: { x: from.x + 30, y: top + 6 } };
  }
  const low = Math.max(from.y, to.y) + RADIUS + LABEL + 44, end = { x: to.x + 10, y: to.y + RADIUS + 1 };
  const path = `M${start.x},${start.y}C${start.x - 30},${low} ${end.x + 30},${low} ${end.x},${end.y}`;
  return { path, end, angle: -100, label: { x: (start.x + end.x) / 2, y: low - (low - (start.y + end.y) / 2) * 0.25 } };
}
