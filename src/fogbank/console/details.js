// What is told of one thing on the map: who it is, what decides there, and what the last seconds did.

import { called, short } from "./drawing.js";

/** An element with attributes and children; text is text, whatever it says. */
export function html(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((one) => one !== null && one !== undefined));
  return made;
}

export function bytes(count) {
  if (count < 1000) return `${count} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = count, at = -1;
  while (value >= 1000 && at < units.length - 1) {
    value /= 1000;
    at++;
  }
  return `${value.toFixed(value < 10 ? 1 : 0)} ${units[at]}`;
}

const QUIET = { packets: 0, bytes: 0 };

export function packets(count) {
  return `${count.packets} packet${count.packets === 1 ? "" : "s"}`;
}

/** `idle`, `passed`, `dropped` or `both`. */
export function state(tally) {
  const passed = tally && tally.passed.packets > 0, dropped = tally && tally.dropped.packets > 0;
  return passed && dropped ? "both" : passed ? "passed" : dropped ? "dropped" : "idle";
}

/** A rule in one sentence. */
export function sentence(rule, names) {
  const preposition = rule.way === "in" ? "from" : "to";
  const what = rule.protocol === "all" ? "all traffic" : `${rule.protocol} ${rule.ports}`.trim();
  if (rule.number === "no rule") {
    return `no rule of ${names(rule.id)} lets ${what} ${rule.way} ${preposition} ${rule.peer}`;
  }
  const number = rule.number === "*" ? "the last entry, *," : rule.kind === "network ACL" ? `entry ${rule.number}` : rule.number;
  return `${number} ${rule.allows ? "allows" : "denies"} ${what} ${preposition} ${rule.peer.startsWith("sg-") ? names(rule.peer) : rule.peer}`;
}

function ruled(rule, traffic, names) {
  const counted = traffic?.counters[rule.counter];
  const recent = rule.recent ?? counted?.recent ?? QUIET;
  const is_now = recent.packets > 0;
  const is_each = rule.kind === "network ACL" || rule.number === "no rule";
  const plural = counted?.total.packets === 1 ? "" : "s";
  const whose = is_each ? `packet${plural}` : `connection${plural} begun`;
  const total = counted ? `counter: ${counted.total.packets} ${whose}, ${bytes(counted.total.bytes)} in all` : "counter: 0";
  return html(
    "li",
    { class: `${rule.allows ? "allow" : "deny"}${is_now ? " now" : ""}`, "data-rule": rule.counter },
    html("span", { class: "what" },
      html("span", { class: "verdict" }, rule.allows ? "allow " : "deny "),
      rule.number === "no rule" ? `security groups ${rule.way}: ` : `${rule.kind} ${names(rule.id)} ${rule.way}: `,
      sentence(rule, names)),
    html("span", { class: "count" },
      is_now ? `${packets(recent)}, ${bytes(recent.bytes)} in the last seconds · ${total}` : total),
  );
}

function summed(tally, seconds) {
  const box = (name, count) =>
    html("div", { class: `${name}${count.packets ? " some" : ""}` },
      html("b", {}, String(count.packets)),
      html("span", {}, `${name} in ${seconds} s · ${bytes(count.bytes)}`));
  const found = tally ?? { passed: QUIET, dropped: QUIET };
  return html("div", { class: "sum" }, box("passed", found.passed), box("dropped", found.dropped));
}

function listed(title, rules, traffic, names) {
  if (!rules.length) return [];
  return [html("h3", {}, title), html("ul", { class: "rules" }, rules.map((one) => ruled(one, traffic, names)))];
}

function facts(pairs) {
  return html("dl", {}, pairs.filter(([, value]) => value).flatMap(([name, value]) => [
    html("dt", {}, name), html("dd", { class: /^[\w.:/… ,-]*\d/.test(value) ? "mono" : null }, value),
  ]));
}

function routes(rows) {
  return html("table", {}, html("tbody", {}, rows.map((one) =>
    html("tr", {},
      html("td", { class: "mono" }, one.destination, one.blocks.length ? html("br") : null, one.blocks.join(" ")),
      html("td", { class: "mono" }, one.target === "local" ? "local" : short(one.target)),
      html("td", { class: `state-${one.state}` }, one.state)))));
}

function elsewhere(traffic, id) {
  const found = (traffic?.elsewhere ?? []).filter((one) => !id || one.at.includes(id));
  if (!found.length) return [];
  return [html("h3", {}, id ? "Dropped here, or beside" : "Dropped by"), html("ul", { class: "rules" }, found.map((one) =>
    html("li", { class: "deny now", "data-rule": one.rule },
      html("span", { class: "what" }, html("span", { class: "verdict" }, "deny "), one.text),
      html("span", { class: "count" }, `${packets(one.dropped)}, ${bytes(one.dropped.bytes)} in the last seconds`))))];
}

/** What is told of a thing: elements for the panel. */
export function details(view, kind, id) {
  const tell = { edge, conversation, interface: eni, subnet, gateway }[kind];
  const told = tell ? tell(view, id) : null;
  return told ?? overview(view);
}

/** Names of groups and ACLs as people gave them, else short ids. */
export function namer({ map }) {
  return (id) => id.split(" ").map((one) => {
    const name = map.groups[one]?.name || map.acls[one]?.name;
    return name ? `${name} (${short(one)})` : short(one);
  }).join(", ");
}

function edge(view, id) {
  const { map, traffic } = view;
  const one = map.edges.find((found) => found.id === id);
  if (!one) return null;
  const tally = traffic?.edges[id];
  const from = map.subnets.find((found) => found.id === one.from);
  return [
    html("h2", {}, `${called(from)} → ${view.name(one.target)}`),
    html("p", { class: "sub" }, `by route table ${called({ id: from.table, ...map.tables[from.table] })}, longest prefix first`),
    summed(tally, traffic?.seconds ?? 5),
    ...listed("Deciding rules", tally?.rules ?? [], traffic, namer(view)),
    ...elsewhere(traffic, id),
    html("h3", {}, "Routes"), routes(one.routes),
  ];
}

function conversation(view, id) {
  const { traffic } = view;
  const one = traffic?.conversations.find((found) => `${found.from} ${found.to}` === id);
  const [from, to] = id.split(" ");
  return [
    html("h2", {}, `${view.name(from)} → ${view.name(to)}`),
    html("p", { class: "sub" }, "a conversation, by the local route"),
    summed(one, traffic?.seconds ?? 5),
    ...listed("Deciding rules", one?.rules ?? [], traffic, namer(view)),
  ];
}

function eni(view, id) {
  const { map, traffic } = view;
  const one = map.interfaces.find((found) => found.id === id);
  if (!one) return null;
  const tally = traffic?.interfaces[id];
  const rules = one.groups.flatMap((group) => map.groups[group]?.rules ?? []);
  const fault = map.faults.find((found) => found.at === id);
  return [
    html("h2", {}, `${one.kind} ${called(one)}`),
    html("p", { class: "sub mono" }, one.nat ? `${one.nat} ${one.id}` : one.id),
    summed(tally, traffic?.seconds ?? 5),
    ...listed("Deciding rules", tally?.rules ?? [], traffic, namer(view)),
    ...elsewhere(traffic, id),
    facts([
      ["address", [...one.addresses, ...one.ipv6_addresses].join(" ")],
      ["public", one.public.join(" ")],
      ["subnet", view.name(one.subnet)],
      ["groups", one.groups.map(namer(view)).join(", ") || "none: everything passes"],
      ["source check", one.checks_source ? "on" : "off"],
      ["fault", fault ? `${Math.round(fault.loss * 100)} % of its packets are lost` : ""],
      ["description", one.description],
    ]),
    ...listed("Rules of its groups", rules, traffic, namer(view)),
  ];
}

function subnet(view, id) {
  const { map, traffic } = view;
  const one = map.subnets.find((found) => found.id === id);
  if (!one) return null;
  const acl = map.acls[one.acl], fault = map.faults.find((found) => found.at === id);
  return [
    html("h2", {}, `subnet ${called(one)}`),
    html("p", { class: "sub mono" }, one.id),
    ...elsewhere(traffic, id),
    facts([
      ["CIDR", [one.cidr, ...one.ipv6_cidrs].join(" ")],
      ["zone", one.zone],
      ["free", `${one.free} addresses`],
      ["kind", one.is_public ? "public: its routes lead to an internet gateway" : "private"],
      ["fault", fault ? `${Math.round(fault.loss * 100)} % of its packets are lost` : ""],
    ]),
    html("h3", {}, `Route table ${called({ id: one.table, ...map.tables[one.table] })}`),
    routes(map.tables[one.table].routes),
    ...listed(`Network ACL ${called({ id: one.acl, ...acl })}`, acl?.entries ?? [], traffic, namer(view)),
  ];
}

function gateway(view, id) {
  const { map, traffic } = view;
  const one = map.gateways.find((found) => found.id === id);
  if (!one) return null;
  const edges = map.edges.filter((found) => found.to === id);
  return [
    html("h2", {}, `${one.kind} ${called(one)}`),
    html("p", { class: "sub mono" }, id),
    one.text ? html("p", { class: "sub" }, one.text) : null,
    ...elsewhere(traffic, id),
    html("h3", {}, "Subnets whose routes lead here"),
    ...edges.map((found) => html("div", {}, html("p", { class: "sub" }, view.name(found.from)),
      summed(traffic?.edges[found.id], traffic?.seconds ?? 5))),
    edges.length ? null : html("p", { class: "sub" }, "none"),
  ];
}

function overview(view) {
  const { map, traffic } = view;
  const dropped = [...Object.values(traffic?.edges ?? {}), ...(traffic?.conversations ?? [])]
    .flatMap((one) => one.rules).filter((one) => !one.allows);
  const sample = (name) => {
    const line = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    line.setAttribute("width", "44");
    line.setAttribute("height", "8");
    const group = document.createElementNS(line.namespaceURI, "g");
    group.setAttribute("class", "edge");
    group.setAttribute("data-state", name);
    const path = document.createElementNS(line.namespaceURI, "path");
    path.setAttribute("class", "wire");
    path.setAttribute("d", "M2,4L42,4");
    group.append(path);
    line.append(group);
    return line;
  };
  return [
    html("h2", {}, map.vpc.name || short(map.vpc.id)),
    html("p", { class: "sub mono" }, `${map.vpc.id} ${map.vpc.cidrs.join(" ")}`),
    facts([
      ["subnets", String(map.subnets.length)], ["interfaces", String(map.interfaces.length)],
      ["security groups", String(Object.keys(map.groups).length)],
    ]),
    ...elsewhere(traffic, ""),
    ...listed("Dropped in the last seconds", dropped, traffic, namer(view)),
    html("h3", {}, "How to read it"),
    html("div", { class: "legend" },
      sample("idle"), "nothing in the last seconds", sample("passed"), "packets passed",
      sample("dropped"), "packets were dropped", sample("both"), "some passed, some were dropped"),
    html("p", { class: "hint" }, "Point at an edge, an interface or a subnet, or go there with the Tab key: the rule that decides is shown here, with its counter."),
    traffic?.lost ? html("p", { class: "hint" }, `${traffic.lost} packets were not looked at one by one.`) : null,
  ];
}

/** The way of a traced packet, hop by hop. */
export function traced(answer) {
  const way = (title, found) => {
    if (!found) return [];
    const hops = found.steps.map((step) => html("li", { "data-at": step.at },
      html("span", { class: "mono" }, short(step.at)), ` ${step.packet}`,
      step.decided ? html("span", { class: "decided" }, step.decided) : null));
    hops.push(found.end
      ? html("li", { class: "arrives" }, `arrives at ${short(found.end)}`)
      : html("li", { class: "dies" }, `dies at ${short(found.at)}: ${found.reason}`));
    return [html("h3", {}, title), html("ol", { class: "hops" }, hops)];
  };
  const heard = {
    answered: "A packet was sent, and was answered.",
    refused: "A packet was sent; it reached a host where nobody listens on that port.",
    unreachable: "A packet could not be sent: no route.",
    nothing: "A packet was sent; nothing came back.",
  };
  const packet = answer.packet;
  // Counters count everybody's packets: where the model knows the place, they are not asked.
  const is_known = !answer.forth.end || (answer.back && !answer.back.end);
  return [
    html("p", { class: "hint", id: "trace-heard" }, packet
      ? heard[packet.heard] + (packet.died_at && !is_known ? ` It died at ${packet.died_at}.` : "")
      : "No packet was sent: VPCs are records only here. This is what the model says."),
    ...way("There", answer.forth), ...way("And back", answer.back),
  ];
}
