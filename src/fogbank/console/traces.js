// The page of traces: the service map, the latest traces, and one of them as a waterfall.

import { html } from "./details.js";
import { facts, fitting, keyed, moment, polling, pretty, span, told } from "./lists.js";
import { asker, at, fill } from "./page.js";
import { called, figures, picture } from "./service-map.js";
import { ended, isInit, waterfall } from "./waterfall.js";

const ask = asker("../xray");
const now = {
  account: "", region: "", seconds: 300, filter: "", rows: [], map: null, trace: null, wanted: "", tab: "map",
  pointed: null, drawn: { map: "", trace: "" }, homes: new Map(),
};
const turn = polling(look);

// Once a second

function query(more = {}) {
  const found = new URLSearchParams({ seconds: now.seconds, ...more });
  for (const name of ["account", "region"]) if (now[name]) found.set(name, now[name]);
  return `?${found}`;
}

async function look() {
  const state = () => JSON.stringify([now.account, now.region, now.seconds, now.filter, now.wanted]);
  const asked = state();
  const [map, list_, trace] = await Promise.all([ask(`/map${query()}`), listed(), now.wanted ? traced(now.wanted) : null]);
  if (asked !== state()) return turn();
  offer([...map.nodes, ...(list_.traces ?? [])]);
  now.map = kept(map);
  if (list_.traces) now.rows = list_.traces;
  refuse(list_.refusal ?? "");
  list();
  if (trace) show(trace);
  draw();
  tell();
}

/**
 * A map whose ids are the same the next time: those that came are numbers, in the order of that answer. All clients are
 * one: the service graph has one for each service that is called first.
 */
function kept(map) {
  const ids = new Map(map.nodes.map((one) => [one.id, one.type === "client" ? "client" : [one.account, one.region, one.type, one.name].join("/")]));
  const other = (id) => ids.get(id) ?? id;
  const nodes = map.nodes.map((one) => ({ ...one, id: other(one.id) }));
  return {
    nodes: nodes.filter((one, at_) => nodes.findIndex((found) => found.id === one.id) === at_),
    edges: map.edges.map((one) => ({ ...one, source: other(one.source), target: other(one.target) })),
  };
}

/** The latest traces, or what is wrong with the filter. */
async function listed() {
  try {
    return await ask(`/traces${query(now.filter ? { filter: now.filter } : {})}`);
  } catch (error) {
    if (!now.filter || error instanceof TypeError) throw error;
    return { refusal: error.message };
  }
}

async function traced(id) {
  try {
    return await ask(`/trace?id=${encodeURIComponent(id)}`);
  } catch (error) {
    if (error instanceof TypeError) throw error;
    return { id, refusal: error.message };
  }
}

function offer(found) {
  for (const one of found) now.homes.set(`${one.account} ${one.region}`, one);
  const all = [...now.homes.values()];
  const unique = (name) => [...new Set(all.map((one) => one[name]))].sort().map((one) => [one, one]);
  fill(at("account"), [["", "all"], ...unique("account")], now.account);
  fill(at("region"), [["", "all"], ...unique("region")], now.region);
}

function refuse(text) {
  at("refused").hidden = !text;
  if (at("refused").textContent !== text) at("refused").textContent = text;
  at("filter").setAttribute("aria-invalid", Boolean(text));
  at("traces").classList.toggle("stale", Boolean(text));
}

// The latest

function list() {
  const cloud = Math.max(0, ...now.rows.map((one) => one.start));
  at("count").textContent = now.rows.length ? `the latest ${now.rows.length}` : "";
  at("clear").hidden = !now.filter;
  at("none").hidden = Boolean(now.rows.length);
  at("none").textContent = now.filter ? "No trace of this time is like that." : "There is no trace of this time. Traced functions leave them, and whoever sends segments: TracingConfig Mode=Active, or the box “trace it” of a function.";
  keyed(at("list"), now.rows.map((one) => ({
    key: one.id, mark: JSON.stringify([one, one.id === now.wanted]), make: () => row(one, cloud),
  })));
}

function row(one, cloud) {
  const is_chosen = one.id === now.wanted, long = one.response_time ?? one.duration;
  const words = [one.is_fault ? "fault" : "", one.is_throttle ? "throttle" : "", one.is_error && !one.is_throttle ? "error" : ""].filter(Boolean);
  // What it called may have failed, and its answer be good nevertheless.
  if (!words.length && (one.has_faults || one.has_errors)) words.push(one.has_faults ? "fault within" : "error within");
  const others = [...new Set(one.services.filter((name) => name && name !== one.name))];
  const request = [one.method, one.status].filter(Boolean).join(" ");
  return html(
    "tr", { "data-trace": one.id, "data-chosen": is_chosen ? "" : null },
    html("td", { class: "when" }, moment(one.start, cloud, 3)),
    html("td", { class: "number" }, one.is_partial ? "in progress" : span(long)),
    html("td", {}, html("button", { type: "button", class: "plain", "aria-current": is_chosen ? "true" : null, "aria-label": `${one.name}, trace ${one.id}` }, one.name || one.id)),
    html("td", { class: "code least", title: one.url || null }, request || "–"),
    html("td", { class: "services least" }, others.slice(0, 4).join(", ") + (others.length > 4 ? ` and ${others.length - 4} more` : "")),
    html("td", {}, words.map((word) => html("span", { class: `badge ${word.split(" ")[0]}` }, word)), words.length ? null : html("span", { class: "badge good" }, "ok")),
  );
}

// The pictures

function show(trace) {
  const has_failed = Boolean(trace.refusal);
  at("no-trace").hidden = !has_failed;
  at("no-trace").textContent = has_failed ? `${trace.refusal} Segments may still be on their way.` : "";
  now.trace = has_failed ? null : trace;
}

function draw() {
  for (const name of ["map", "trace"]) {
    const is_chosen = name === now.tab, tab = at(`tab-${name}`);
    at(`panel-${name}`).hidden = !is_chosen;
    tab.setAttribute("aria-selected", is_chosen);
    tab.tabIndex = is_chosen ? 0 : -1;
  }
  at("tab-trace").disabled = !now.wanted;
  at("tab-trace").textContent = now.wanted ? `Trace ${fitting(now.wanted, 22)}` : "Trace";
  if (now.tab === "map") drawMap();
  else drawTrace();
}

function drawMap() {
  const { map } = now;
  if (!map) return;
  at("no-map").hidden = Boolean(map.nodes.length);
  at("no-map").textContent = "Nobody has called anybody in this time.";
  redraw("map", JSON.stringify(map), () => (map.nodes.length ? picture(map) : null));
}

function drawTrace() {
  const room = at("waterfall").clientWidth - 2;
  redraw("trace", JSON.stringify([now.trace, room]), () => (now.trace ? waterfall(now.trace, room) : null));
}

function redraw(name, text, make) {
  if (now.drawn[name] === text) return;
  now.drawn[name] = text;
  const place = at(name === "map" ? "map" : "waterfall");
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.id : null;
  const made = make();
  place.replaceChildren(...(made ? [made] : []));
  if (focused) [...place.querySelectorAll("[data-id]")].find((one) => one.dataset.id === focused)?.focus({ preventScroll: true });
  pointed();
}

// Pointing

function pointed() {
  for (const one of document.querySelectorAll(".drawn [data-id]")) one.classList.toggle("pointed", one.dataset.id === now.pointed?.id);
}

function point(one) {
  now.pointed = one ? { kind: one.dataset.kind, id: one.dataset.id } : null;
  pointed();
  tell();
}

function tell() {
  const { kind, id } = now.pointed ?? {};
  const segment = kind === "segment" && now.tab === "trace" && now.trace?.rows.find((one) => one.id === id);
  const node = kind === "node" && now.tab === "map" && now.map?.nodes.find((one) => one.id === id);
  const edge = kind === "edge" && now.tab === "map" && now.map?.edges.find((one) => `${one.source} ${one.target}` === id);
  told(at("details"), segment ? ofSegment(segment) : node ? ofNode(node) : edge ? ofEdge(edge) : now.tab === "trace" ? ofTrace() : ofMap());
}

function ofMap() {
  const { map } = now;
  const calls = map?.edges.filter((one) => map.nodes.find((node) => node.id === one.source)?.type === "client") ?? [];
  const sum = (name) => calls.reduce((all, one) => all + (one[name] ?? 0), 0);
  return [
    html("h2", {}, "Calls of clients"),
    html("p", { class: "sub" }, `of the last ${at("range").selectedOptions[0].textContent}`),
    ends({ requests: sum("requests"), ok: sum("ok"), errors: sum("errors"), throttles: sum("throttles"), faults: sum("faults") }),
    html("p", { class: "hint" }, "A circle is who was called: how many requests, and how long they took on average; its ring shows how they ended. Point at a circle or an arrow, or go there with the Tab key."),
    html("p", { class: "hint" }, "Choose a trace below to see it as a waterfall."),
  ];
}

function ends(one) {
  if (one.requests === null) return html("p", { class: "sub" }, "Nobody has counted.");
  const box = (name, count, text) => html("div", { class: `${name}${count ? " some" : ""}` }, html("b", {}, String(count)), html("span", {}, text));
  return html("div", { class: "shares" }, box("ok", one.ok, "ok"), box("error", one.errors, "errors"), box("throttle", one.throttles, "throttles"), box("fault", one.faults, "faults"));
}

function ofNode(one) {
  const name = (id) => called(now.map.nodes.find((found) => found.id === id) ?? { name: id });
  const out = now.map.edges.filter((edge) => edge.source === one.id), into = now.map.edges.filter((edge) => edge.target === one.id);
  const rows = (title, edges, who) => (edges.length ? [html("h3", {}, title), html("ul", { class: "pairs" }, edges.map((edge) => html(
    "li", {}, html("span", { class: "name" }, name(edge[who])), html("span", { class: "more" }, figures(edge)))))] : []);
  return [
    html("h2", {}, called(one)), html("p", { class: "sub" }, one.type === "client" ? "whoever calls from outside" : one.type),
    one.type === "client" ? null : ends(one),
    one.type === "client" ? null : facts([["requests", one.requests], ["on average", span(one.mean_seconds)], ["region", one.region], ["account", one.account]]),
    one.type === "client" ? null : html("button", { type: "button", class: "small", "data-filter": `service(${JSON.stringify(one.name)})` }, "Its traces"),
    ...rows("Called by", into, "source"), ...rows("Calls", out, "target"),
  ];
}

function ofEdge(one) {
  const node = (id) => now.map.nodes.find((found) => found.id === id) ?? { name: id };
  const source = node(one.source), target = node(one.target);
  const filter = source.type === "client" ? `service(${JSON.stringify(target.name)})` : `edge(${JSON.stringify(source.name)}, ${JSON.stringify(target.name)})`;
  return [
    html("h2", {}, `${called(source)} → ${called(target)}`), html("p", { class: "sub" }, "calls, as the caller saw them"), ends(one),
    facts([["requests", one.requests], ["on average", span(one.mean_seconds)]]),
    html("button", { type: "button", class: "small", "data-filter": filter }, "Their traces"),
  ];
}

function ofTrace() {
  const { trace } = now;
  if (!trace) return [html("h2", {}, "Trace"), html("p", { class: "sub mono" }, now.wanted)];
  const count = (name) => trace.rows.filter((one) => ended(one) === name).length;
  return [
    html("h2", {}, `Trace of ${trace.rows[0]?.name ?? ""}`), html("p", { class: "sub mono" }, trace.id),
    facts([
      ["began", `${moment(trace.start, 0, 3)} UTC`], ["duration", span(trace.duration)],
      ["segments", trace.rows.filter((one) => one.kind !== "subsegment").length], ["subsegments", trace.rows.filter((one) => one.kind === "subsegment").length],
      ["faults", count("fault") || ""], ["throttles", count("throttle") || ""], ["errors", count("error") || ""],
      ["region", trace.region], ["account", trace.account],
    ]),
    html("p", { class: "hint" }, "Point at a row, or go there with the Tab key: what was written down of it is shown here. Hatched is the initialization of an environment, dashed what nobody has sent a segment of its own for."),
  ];
}

function ofSegment(one) {
  const how = ended(one);
  const kinds = { segment: "segment", inferred: "inferred from its caller's subsegment", subsegment: isInit(one) ? "subsegment: the initialization of an environment" : "subsegment" };
  return [
    html("h2", {}, one.name), html("p", { class: "sub" }, `${kinds[one.kind]}${one.type && one.kind !== "subsegment" ? ` · ${one.type}` : ""}`),
    facts([
      ["ended", html("span", { class: `badge ${how === "ok" ? "good" : how}` }, one.is_open ? "in progress" : how)],
      ["begins after", span(one.offset)], ["took", one.is_open ? "" : span(one.duration)],
      ["status", one.status], ["namespace", one.namespace], ["id", one.id, true],
    ]),
    ...causes(one.cause),
    ...named("Annotations", one.annotations), ...named("Request", one.http.request), ...named("Response", one.http.response), ...named("AWS", one.aws),
    ...(Object.keys(one.metadata).length ? [html("h3", {}, "Metadata"), html("pre", {}, pretty(JSON.stringify(one.metadata)))] : []),
  ];
}

function causes(cause) {
  if (!cause) return [];
  if (typeof cause === "string") return [html("h3", {}, "Exception"), html("p", { class: "cause" }, `the one of ${cause}`)];
  return [html("h3", {}, "Exceptions"), ...(cause.exceptions ?? []).map((one) => html(
    "div", { class: "cause" }, html("b", {}, one.type ?? "exception"), one.message ?? "",
    one.stack?.length ? html("pre", {}, one.stack.map((frame) => `${frame.path ?? ""}:${frame.line ?? ""} ${frame.label ?? ""}`).join("\n")) : null,
  ))];
}

function named(title, values) {
  const rows = Object.entries(values ?? {});
  if (!rows.length) return [];
  return [html("h3", {}, title), facts(rows.map(([name, value]) => [name.replaceAll("_", " "), typeof value === "object" ? JSON.stringify(value) : String(value), true]))];
}

for (const id of ["map", "waterfall"]) {
  for (const name of ["pointerover", "focusin", "click"]) {
    at(id).addEventListener(name, (event) => {
      const one = event.target.closest?.("[data-id]");
      if (one) point(one);
      else if (name === "click") point(null);
    });
  }
}

// Choosing

function choose(id) {
  if (!/^1-[0-9a-f]{8}-[0-9a-f]{24}$/i.test(id)) return;
  if (id !== now.wanted) Object.assign(now, { wanted: id, trace: null, pointed: null });
  now.tab = "trace";
  history.replaceState(null, "", `#${id}`);
  list();
  draw();
  tell();
  at("picture").scrollIntoView({ block: "nearest" });
  turn();
}

function filter(text) {
  at("filter").value = text;
  now.filter = text.trim();
  refuse("");
  turn();
}

function turnTo(tab) {
  if (tab === "trace" && !now.wanted) return;
  Object.assign(now, { tab, pointed: null });
  draw();
  pointed();
  tell();
}

at("list").addEventListener("click", (event) => {
  const one = event.target.closest("[data-trace]");
  if (one) choose(one.dataset.trace);
});
at("details").addEventListener("click", (event) => {
  const one = event.target.closest("[data-filter]");
  if (one) filter(one.dataset.filter);
});
for (const name of ["map", "trace"]) {
  at(`tab-${name}`).addEventListener("click", () => turnTo(name));
  at(`tab-${name}`).addEventListener("keydown", (event) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    turnTo(name === "map" ? "trace" : "map");
    at(`tab-${now.tab}`).focus();
  });
}
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.target.matches?.("input, select")) return;
  if (now.pointed) point(null);
  else turnTo("map");
});
at("search").addEventListener("submit", (event) => {
  event.preventDefault();
  filter(at("filter").value);
});
at("clear").addEventListener("click", () => filter(""));
for (const id of ["account", "region"]) {
  at(id).addEventListener("change", (event) => {
    now[id] = event.target.value;
    turn();
  });
}
at("range").addEventListener("change", (event) => {
  now.seconds = Number(event.target.value);
  turn();
});
at("choose").addEventListener("submit", (event) => event.preventDefault());
addEventListener("resize", () => draw());
addEventListener("hashchange", () => choose(location.hash.slice(1)));
if (location.hash) choose(decodeURIComponent(location.hash.slice(1)));
