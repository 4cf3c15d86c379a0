// What is told of a database in words: of a node, an endpoint or all of it, of its events, and of its failovers.

import { html } from "./details.js";
import { label, told } from "./history.js";
import { going, kindOf, late } from "./topology.js";

function facts(pairs) {
  const given = pairs.filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return html("dl", {}, given.flatMap(([name, value, is_code]) => [
    html("dt", {}, name), html("dd", { class: is_code ? "mono" : null }, String(value)),
  ]));
}

/** Elements for the side: of what is pointed at, else of all of it. */
export function described(seen, kind, id) {
  const node_ = seen.nodes.find((one) => one.name === id), endpoint_ = seen.endpoints.find((one) => one.name === id);
  if (kind === "node" && node_) return node(seen, node_);
  if (kind === "endpoint" && endpoint_) return endpoint(seen, endpoint_);
  return overview(seen);
}

function node(seen, one) {
  const source = seen.nodes.find((found) => found.name === one.follows);
  const counted = one.connections === null ? "" : `${one.connections}${one.connections_max ? ` of ${one.connections_max}` : ""}`;
  return [
    html("h2", {}, label(seen, one)),
    html("p", { class: "sub" }, `${one.role} in ${one.zone}`),
    facts([
      ["status", going(one)], ["why", one.reason],
      ["connections", counted], ["follows", source ? label(seen, source) : ""],
      ["lag", one.follows ? late(one.lag_ms) : ""],
      ["class", one.class], ["promotion tier", one.tier],
      ["name", one.role === "standby" ? "" : one.endpoint, true],
      ["from this machine", one.address ? `${one.address}:${one.port}` : "", true],
      ["in its VPC", one.private_address, true], ["public", one.public_address, true],
      ["node", one.name, true],
    ]),
    one.role === "standby" ? html("p", { class: "hint" }, "A standby takes no connections: it has every commit before it is acknowledged, and takes over behind the same name.") : null,
  ];
}

function endpoint(seen, one) {
  const behind = one.behind.map((name) => seen.nodes.find((found) => found.name === name)).filter(Boolean);
  const leads = behind.map((found) => `${label(seen, found)}${found.runs ? "" : " (does not run)"}`).join(", ");
  return [
    html("h2", {}, `${kindOf(one)} ${one.id}`),
    html("p", { class: "sub" }, behind.length > 1 ? "Each new connection goes to another one of those behind it." : ""),
    facts([
      ["leads to", leads || "nobody"], ["name", one.name, true],
      ["from this machine", `${one.address}:${one.port}`, true],
      ["writes", one.kind === "reader" && seen.forwards_writes ? "forwarded to the writer" : ""],
    ]),
  ];
}

function overview(seen) {
  return [
    html("h2", {}, seen.id),
    html("p", { class: "sub" }, `${seen.kind === "cluster" ? "DB cluster" : "DB instance"} · ${seen.region} · account ${seen.account}`),
    facts([
      ["status", seen.status], ["why", seen.reason], ["engine", `${seen.engine} ${seen.version}`],
      ["failover", seen.nodes.length > 1 && seen.is_synced !== null ? (seen.is_synced ? "ready: another node has all that was acknowledged" : "not ready: nobody else is known to have all that was acknowledged") : ""],
      ["write forwarding", seen.forwards_writes ? "enabled" : ""], ["ARN", seen.arn, true],
    ]),
    html("p", { class: "hint" }, "Point at a node or an endpoint, or go there with the Tab key."),
  ];
}

/** The events of the last hour as items of a list, the last one first. */
export function happenings(past) {
  return past.events.toReversed().map((one) => html(
    "li", { class: one.categories.includes("failover") ? "failover" : null, value: one.number },
    html("span", { class: "number" }, String(one.number)),
    html("span", { class: "what" }, one.message, html("span", { class: "count" },
      `${new Date(one.at_ms).toISOString().slice(11, 23)} UTC, cloud time · ${one.source}`)),
  ));
}

/** What a change of whoever takes writes was, in a sentence. */
export function sentence(past, change) {
  const own = told(past, change);
  const what = change.is_other ? `Failover from ${change.from} to ${change.to}` : `${change.to} was away, and takes writes again`;
  const length = change.least > 0 ? `${Math.round(change.least)} to ${Math.round(change.most)} ms` : `at most ${Math.round(change.most)} ms`;
  const seen = `${length} without a writer as seen by this page, once a ${change.interval} ms`;
  return `${what}: ${seen}${own === null ? "" : `; ${own} ms between its first and its last event`}.`;
}
