// Where everything of a VPC stands, and its SVG: columns are zones, rows are public and private subnets.

const SVG = "http://www.w3.org/2000/svg";
const SUBNET = 276, CHIP = 126, CHIP_HIGH = 38, CHIP_HIGHER = 51, GAP = 8, HEAD = 46, LANE = 6, GATEWAY = 176, GATEWAY_HIGH = 44;
const CHIPS_MAX = 24, SCALE_MIN = 0.7;

/** An element with attributes and children; text is text, whatever it says. */
export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value);
  }
  made.append(...children.filter((one) => one !== null));
  return made;
}

/** `subnet-…1a11df` for an id, which nobody reads whole. */
export function short(id) {
  const found = /^(.*)-([0-9a-f]{8,17})$/.exec(id);
  return found ? `${found[1]}-…${found[2].slice(-5)}` : id;
}

export function called(one) {
  return one.name || short(one.nat || one.id);
}

function fitting(text, length) {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

/** Places for everything on the map: pure, in pixels from the drawing's top left. */
export function layout(map) {
  const chips = new Map();
  const subnets = new Map();
  const places = map.subnets.map((subnet) => {
    const within = map.interfaces
      .filter((one) => one.subnet === subnet.id)
      .sort((a, b) => b.is_gateway - a.is_gateway || order(a) - order(b));
    const shown = within.slice(0, within.length > CHIPS_MAX ? CHIPS_MAX - 1 : CHIPS_MAX);
    const more = within.length - shown.length;
    const rows = Math.ceil((shown.length + (more ? 1 : 0)) / 2);
    const chip_high = shown.some((one) => one.public.length) ? CHIP_HIGHER : CHIP_HIGH;
    const high = HEAD + Math.max(rows, 1) * (chip_high + GAP) + 4;
    return { subnet, shown, more, within, chip_high, high };
  });
  const wires = wired(map);
  const gutters = map.zones.map((_, at) => 24 + LANE * wires.lanes[at]);
  const top = map.gateways.filter((one) => is_top(one));
  const bottom = map.gateways.filter((one) => !is_top(one));
  const upper = top.length ? GATEWAY_HIGH + 26 : 8;
  const xs = [];
  let x = 8;
  for (const gutter of gutters) {
    xs.push(x + gutter);
    x += gutter + SUBNET;
  }
  const wide = Math.max(x + 28, Math.max(top.length, bottom.length) * (GATEWAY + 20) + 40, 360);
  const channels = { top: upper + 40 };
  let y = channels.top + 14 + LANE * wires.channels.top;
  const names_y = upper + 24;
  const sections = [places.filter((one) => one.subnet.is_public), places.filter((one) => !one.subnet.is_public)];
  sections.forEach((section, at) => {
    if (at === 1) {
      channels.middle = y;
      y += section.length && sections[0].length ? 16 + LANE * wires.channels.middle : LANE * wires.channels.middle;
    }
    const ends = map.zones.map(() => y);
    for (const place of section) {
      const column = map.zones.indexOf(place.subnet.zone);
      put(place, xs[column], ends[column], chips, subnets);
      ends[column] += place.high + 16;
    }
    y = Math.max(y, ...ends);
  });
  channels.bottom = y + 4;
  y += LANE * wires.channels.bottom + (bottom.length ? 18 : 4);
  const box = { x: 4, y: upper, wide: wide - 8, high: y - upper };
  const gateways = new Map();
  row(top, 0, wide, gateways);
  row(bottom, y + 26, wide, gateways);
  const high = bottom.length ? y + 26 + GATEWAY_HIGH + 8 : y + 8;
  return { chips, subnets, gateways, box, wide, high, xs, gutters, channels, names_y, wires };
}

function is_top(gateway) {
  return gateway.kind === "internet gateway" || gateway.kind === "egress-only gateway";
}

function order(one) {
  const parts = (one.addresses[0] || "255.255.255.255").split(".").map(Number);
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

function put(place, x, y, chips, subnets) {
  subnets.set(place.subnet.id, { ...place, x, y, wide: SUBNET });
  place.within.forEach((one, at) => {
    const shown = Math.min(at, place.shown.length);
    chips.set(one.id, {
      one,
      x: x + 8 + (shown % 2) * (CHIP + GAP),
      y: y + HEAD + Math.floor(shown / 2) * (place.chip_high + GAP),
      high: place.chip_high,
      hidden: at >= place.shown.length,
    });
  });
}

function row(gateways, y, wide, into) {
  const start = (wide - gateways.length * (GATEWAY + 20) + 20) / 2;
  gateways.forEach((one, at) => into.set(one.id, { one, x: start + at * (GATEWAY + 20), y }));
}

/** Lanes for every edge: in its own column's gutter, in a channel across, and in the gutter of its target's column. */
function wired(map) {
  const column = new Map(map.subnets.map((one) => [one.id, map.zones.indexOf(one.zone)]));
  const home = new Map(map.interfaces.map((one) => [one.id, one.subnet]));
  const lanes = map.zones.map(() => 0);
  const channels = { top: 0, middle: 0, bottom: 0 };
  const outlets = new Map();
  const arrivals = new Map();
  const next = (counts, name) => {
    counts.set(name, (counts.get(name) || 0) + 1);
    return counts.get(name) - 1;
  };
  const found = map.edges.map((edge) => {
    const from = column.get(edge.from);
    const inside = home.get(edge.to);
    const to = inside === undefined ? null : column.get(inside);
    const wire = { edge, from, to, outlet: next(outlets, edge.from), lane: lanes[from]++, arrival: next(arrivals, edge.to) };
    const gateway = map.gateways.find((one) => one.id === edge.to);
    if (gateway) wire.channel = is_top(gateway) ? "top" : "bottom";
    else if (to !== from) {
      wire.channel = "middle";
      wire.far = lanes[to]++;
    }
    if (wire.channel) wire.across = channels[wire.channel]++;
    return wire;
  });
  return { found, lanes, channels };
}

function route(plan, wire) {
  const subnet = plan.subnets.get(wire.edge.from);
  const lane = (column, at) => plan.xs[column] - 12 - at * LANE;
  const start = { x: subnet.x, y: subnet.y + 15 + wire.outlet * 7 };
  const x = lane(wire.from, wire.lane);
  const across = wire.channel ? plan.channels[wire.channel] + 6 + wire.across * LANE : null;
  const gateway = plan.gateways.get(wire.edge.to);
  if (gateway) {
    const spread = Math.max(-70, Math.min(70, (wire.arrival - 2) * 14));
    const gx = gateway.x + GATEWAY / 2 + spread;
    const gy = wire.channel === "top" ? gateway.y + GATEWAY_HIGH : gateway.y;
    return [start, { x, y: start.y }, { x, y: across }, { x: gx, y: across }, { x: gx, y: gy }];
  }
  const chip = plan.chips.get(wire.edge.to);
  if (!chip) return null;
  const y = chip.y + chip.high / 2 + Math.max(-12, Math.min(12, (wire.arrival - 1) * 6));
  const points = [start, { x, y: start.y }];
  let near = x;
  if (wire.channel) {
    near = lane(wire.to, wire.far);
    points.push({ x, y: across }, { x: near, y: across });
  }
  if (chip.x - plan.xs[wire.to] < CHIP) return [...points, { x: near, y }, { x: chip.x, y }];
  const over = chip.y - 4;
  return [...points, { x: near, y: over }, { x: chip.x + 16, y: over }, { x: chip.x + 16, y: chip.y }];
}

/** A path through points with rounded corners. */
export function rounded(points) {
  let path = `M${points[0].x},${points[0].y}`;
  for (let at = 1; at < points.length; at++) {
    const here = points[at], before = points[at - 1], after = points[at + 1];
    if (!after) {
      path += `L${here.x},${here.y}`;
      continue;
    }
    const radius = Math.min(7, distance(before, here) / 2, distance(here, after) / 2);
    const from = towards(here, before, radius), to = towards(here, after, radius);
    path += `L${from.x},${from.y}Q${here.x},${here.y} ${to.x},${to.y}`;
  }
  return path;
}

function distance(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function towards(from, to, length) {
  const whole = distance(from, to) || 1;
  return { x: from.x + ((to.x - from.x) * length) / whole, y: from.y + ((to.y - from.y) * length) / whole };
}

/** An arrow's head whose point is at the end of a way. */
function head(end, before) {
  const angle = (Math.atan2(end.y - before.y, end.x - before.x) * 180) / Math.PI;
  return svg("path", { class: "head", d: "M0,0L-8,-4L-8,4Z", transform: `translate(${end.x},${end.y}) rotate(${angle})` });
}

function mark(at) {
  return svg(
    "g",
    { class: "mark", transform: `translate(${at.x},${at.y})` },
    svg("circle", { r: 7 }),
    svg("path", { d: "M-3,-3L3,3M3,-3L-3,3" }),
  );
}

/** What can be pointed at: with the keyboard too, and with a name for those who do not see it. */
function thing(kind, id, label, more = {}) {
  return {
    "data-kind": kind, "data-id": id, "data-state": "idle", tabindex: 0, role: "button", "aria-label": label, ...more,
  };
}

export function drawing(map) {
  const plan = layout(map);
  const picture = svg("svg", {
    width: plan.wide, height: plan.high, viewBox: `0 0 ${plan.wide} ${plan.high}`, role: "group",
    "aria-label": `VPC ${called(map.vpc)}`,
  });
  // Wider than the window it shrinks, as long as it can still be read; then it scrolls.
  picture.style.minWidth = `${Math.round(plan.wide * SCALE_MIN)}px`;
  picture.append(frame(map, plan));
  for (const place of plan.subnets.values()) picture.append(subnet(map, place));
  const edges = svg("g", { id: "edges" });
  for (const wire of plan.wires.found) {
    const points = route(plan, wire);
    if (points) edges.append(edge(wire.edge, points));
  }
  picture.append(edges);
  for (const place of plan.subnets.values()) {
    for (const one of place.shown) picture.append(chip(map, plan.chips.get(one.id)));
    if (place.more) picture.append(further(place, plan.chips.get(place.within.at(-1).id)));
  }
  for (const place of plan.gateways.values()) picture.append(gateway(place));
  picture.append(svg("g", { id: "conversations" }));
  return { picture, plan };
}

function frame(map, plan) {
  const { box } = plan;
  const group = svg("g", {}, svg("rect", {
    class: "vpc-box", x: box.x, y: box.y, width: box.wide, height: box.high, rx: 14,
  }));
  map.zones.forEach((zone, at) => {
    const x = plan.xs[at] - plan.gutters[at] + 8;
    group.append(svg("rect", {
      class: "zone-band", x, y: box.y + 8, width: SUBNET + plan.gutters[at] + 2, height: box.high - 16, rx: 9,
    }));
    group.append(svg("text", { class: "zone-name", x: plan.xs[at], y: plan.names_y }, zone));
  });
  if (!map.zones.length) {
    group.append(svg("text", { class: "quiet", x: 28, y: box.y + 30, "font-size": 12 }, "no subnets yet"));
  }
  return group;
}

function subnet(map, place) {
  const { subnet: one, x, y, high } = place;
  const is_broken = map.faults.some((fault) => fault.at === one.id);
  const block = one.cidr || one.ipv6_cidrs[0] || "";
  const table = { id: one.table, ...map.tables[one.table] }, acl = { id: one.acl, ...map.acls[one.acl] };
  const label = `subnet ${called(one)} ${block}, ${one.free} addresses free, ${one.is_public ? "public" : "private"}`;
  return svg(
    "g",
    thing("subnet", one.id, label, { class: `subnet${one.is_public ? " public" : ""}${is_broken ? " broken" : ""}` }),
    svg("rect", { class: "box", x, y, width: SUBNET, height: high, rx: 10 }),
    svg("text", { class: "name", x: x + 12, y: y + 19 }, fitting(called(one), 20)),
    svg("text", { class: "code quiet", x: x + SUBNET - 12, y: y + 19, "text-anchor": "end" }, block),
    svg("text", { class: "facts quiet", x: x + 12, y: y + 36 },
      fitting(`${called(table)} · ${called(acl)}`, 29)),
    svg("text", { class: "facts quiet", x: x + SUBNET - 12, y: y + 36, "text-anchor": "end" },
      one.cidr ? `${one.free} free` : "IPv6 only"),
    place.within.length ? null
      : svg("text", { class: "facts quiet", x: x + 12, y: y + HEAD + 22 }, "no interfaces"),
  );
}

function chip(map, { one, x, y, high }) {
  const address = one.addresses[0] || one.ipv6_addresses[0] || "";
  const is_broken = map.faults.some((fault) => fault.at === one.id);
  const name = one.name || (one.is_gateway ? one.kind : one.kind === "interface" ? short(one.id) : one.kind);
  const label = `${one.kind} ${called(one)} ${address}${one.public[0] ? `, public address ${one.public[0]}` : ""}`;
  return svg(
    "g",
    thing("interface", one.id, label, {
      class: `chip${one.is_gateway ? " is-gateway" : ""}${is_broken ? " broken" : ""}`,
    }),
    svg("rect", { class: "box", x, y, width: CHIP, height: high, rx: 8 }),
    svg("circle", { class: "dot", cx: x + 11, cy: y + 13, r: 3.5 }),
    svg("text", { class: "code", x: x + 20, y: y + 17 }, fitting(address, 15)),
    svg("text", { class: "facts", x: x + 20, y: y + 31 }, fitting(name, 19)),
    one.public[0] ? svg("text", { class: "code facts", x: x + 20, y: y + 44 }, one.public[0]) : null,
  );
}

function further(place, { x, y }) {
  return svg("text", { class: "facts quiet", x: x + 9, y: y + 23, "font-size": 11 }, `and ${place.more} more`);
}

function gateway({ one, x, y }) {
  const what = one.kind === "gateway endpoint" ? `${one.text.split(".").at(-1)} endpoint` : one.kind;
  return svg(
    "g",
    thing("gateway", one.id, `${one.kind} ${called(one)}`, { class: `gateway ${one.kind.replaceAll(" ", "-")}` }),
    svg("rect", { class: "box", x, y, width: GATEWAY, height: GATEWAY_HIGH, rx: 22 }),
    svg("circle", { class: "dot", cx: x + 18, cy: y + 18, r: 3.5 }),
    svg("text", { class: "name", x: x + 29, y: y + 22 }, fitting(what, 22)),
    svg("text", { class: "facts code", x: x + 29, y: y + 35 }, fitting(called(one), 22)),
  );
}

function edge(one, points) {
  const routes = one.routes.map((route) => route.destination).join(", ");
  const path = rounded(points);
  return svg(
    "g",
    thing("edge", one.id, `route from ${short(one.from)} to ${short(one.target)}: ${routes}`, {
      class: `edge${one.is_blackhole ? " gone" : ""}`,
    }),
    svg("path", { class: "reach", d: path }),
    svg("path", { class: "wire", d: path }),
    head(points.at(-1), points.at(-2)),
    mark({ x: points[1].x, y: (points[1].y + points[2].y) / 2 }),
  );
}

/** Who talks to whom directly, as curves between two interfaces, or an interface and a gateway. */
export function conversation(plan, id, [from, to], label) {
  const start = middle(plan, from), end = middle(plan, to);
  if (!start || !end || from === to) return null;
  const apart = distance(start, end) || 1;
  const bend = Math.min(60, apart / 4);
  const turn = {
    x: (start.x + end.x) / 2 + ((end.y - start.y) / apart) * bend,
    y: (start.y + end.y) / 2 - ((end.x - start.x) / apart) * bend,
  };
  const first = rim(start, turn), last = rim(end, turn);
  const path = `M${first.x},${first.y}Q${turn.x},${turn.y} ${last.x},${last.y}`;
  const half = { x: (first.x + 2 * turn.x + last.x) / 4, y: (first.y + 2 * turn.y + last.y) / 4 };
  return svg(
    "g",
    thing("conversation", id, label, { class: "edge conversation" }),
    svg("path", { class: "reach", d: path }),
    svg("path", { class: "wire", d: path }),
    head(last, turn),
    mark(half),
  );
}

function middle(plan, id) {
  const chip = plan.chips.get(id), gateway = plan.gateways.get(id);
  if (chip) return { x: chip.x + CHIP / 2, y: chip.y + chip.high / 2, wide: CHIP / 2, high: chip.high / 2 };
  if (gateway) {
    return { x: gateway.x + GATEWAY / 2, y: gateway.y + GATEWAY_HIGH / 2, wide: GATEWAY / 2, high: GATEWAY_HIGH / 2 };
  }
  return null;
}

/** Where the line from a box's middle to a point leaves the box. */
function rim(box, point) {
  const dx = point.x - box.x, dy = point.y - box.y;
  const share = Math.min(box.wide / (Math.abs(dx) || 1e-9), box.high / (Math.abs(dy) || 1e-9), 1);
  return { x: box.x + dx * share, y: box.y + dy * share };
}
