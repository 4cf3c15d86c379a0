// The page: which VPC is looked at, what is asked of fogbank once a second, and what pointing and clicking do.

import { details, namer, packets, sentence, state, traced } from "./details.js";
import { called, conversation, drawing, short } from "./drawing.js";
import { asker, at, fill, said } from "./page.js";

const POLL_MILLISECONDS = 1000;
const ask = asker("../net");
const view = { map: null, traffic: null, name: nameOf };
const now = { vpcs: [], vpc: "", drawn: "", plan: null, pointed: null, from: "", to: "", busy: false };

function nameOf(id) {
  const { map } = view;
  const nat = map.interfaces.find((one) => one.nat && (one.nat === id || one.id === id));
  const one = nat ?? map.interfaces.find((found) => found.id === id) ?? map.subnets.find((found) => found.id === id)
    ?? map.gateways.find((found) => found.id === id);
  if (!one) return short(id);
  const address = one.addresses?.[0];
  return address ? `${one.name || (nat ? "NAT gateway" : short(id))} ${address}` : called(one);
}

// Which VPC

function offer() {
  const chosen = now.vpcs.find((one) => one.id === now.vpc);
  const unique = (values) => [...new Set(values)].map((one) => [one, one]);
  fill(at("account"), unique(now.vpcs.map((one) => one.account)), chosen?.account ?? "");
  const own = now.vpcs.filter((one) => one.account === chosen?.account);
  fill(at("region"), unique(own.map((one) => one.region)), chosen?.region ?? "");
  const here = own.filter((one) => one.region === chosen?.region);
  fill(at("vpc"), here.map((one) => [one.id, `${one.name || short(one.id)} ${one.cidrs[0]}${one.is_default ? " (default)" : ""}`]), now.vpc);
}

function choose(id) {
  if (id === now.vpc) return;
  Object.assign(now, { vpc: id, drawn: "", pointed: null });
  view.traffic = null;
  history.replaceState(null, "", `#${id}`);
  clearTrace();
  offer();
  turn();
}

async function list() {
  const found = await ask("/map");
  now.vpcs = found.vpcs;
  mode(found);
  if (!found.vpcs.some((one) => one.id === now.vpc)) {
    const wanted = location.hash.slice(1);
    const first = found.vpcs.find((one) => one.id === wanted) ?? found.vpcs.find((one) => !one.is_default) ?? found.vpcs[0];
    now.vpc = "";
    if (first) choose(first.id);
    else empty("There is no VPC yet. One is made by the first call of EC2 in a region, or by CreateVpc.");
  }
  offer();
}

function mode(found) {
  const pill = at("mode");
  pill.textContent = found.has_packets ? `packets are real (${found.mode})` : `records only (${found.mode})`;
  pill.dataset.state = found.has_packets ? "good" : "idle";
  at("notice").hidden = found.has_packets;
  at("notice").textContent =
    "VPCs are records only here: nothing is enforced, and no packets flow. The map and the model's traces are what the records say; fogbank doctor says what is missing.";
}

function empty(text) {
  const told = document.createElement("p");
  told.className = "empty";
  told.textContent = text;
  at("map").replaceChildren(told);
  view.map = null;
  now.drawn = "";
}

// Once a second

let turns = 0;

async function turn() {
  if (now.busy || document.hidden) return;
  now.busy = true;
  const asked = now.vpc;
  try {
    if (turns++ % 5 === 0 || !now.vpc) await list();
    if (now.vpc) {
      const query = `?vpc=${encodeURIComponent(now.vpc)}`;
      const [map, traffic] = await Promise.all([ask(`/map${query}`), ask(`/traffic${query}`)]);
      if (map.vpc.id === now.vpc) {
        redraw(map);
        colour(traffic);
      }
    }
    said("live", "good");
  } catch (error) {
    turns = 0;
    said(error instanceof TypeError ? "fogbank does not answer" : error.message, "bad");
  } finally {
    now.busy = false;
    if (asked && asked !== now.vpc) turn();
  }
}

function redraw(map) {
  const text = JSON.stringify(map);
  if (text === now.drawn) return;
  now.drawn = text;
  view.map = map;
  const focused = document.activeElement?.dataset?.id;
  const { picture, plan } = drawing(map);
  now.plan = plan;
  at("map").replaceChildren(picture);
  if (focused) thing(focused)?.focus({ preventScroll: true });
  ringed();
}

function things() {
  return at("map").querySelectorAll("[data-id]");
}

function thing(id) {
  return [...things()].find((one) => one.dataset.id === id);
}

function colour(traffic) {
  view.traffic = traffic;
  talks(traffic.conversations);
  const blamed = new Set(traffic.elsewhere.flatMap((one) => one.at));
  for (const one of things()) {
    const { kind, id } = one.dataset;
    one.dataset.state = coloured(kind, id, blamed.has(id));
  }
  tell();
}

function tallies(kind, id) {
  const { map, traffic } = view;
  if (!traffic) return [];
  if (kind === "edge") return [traffic.edges[id]];
  if (kind === "conversation") return traffic.conversations.filter((one) => `${one.from} ${one.to}` === id);
  if (kind === "interface") return [traffic.interfaces[id]];
  if (kind === "gateway") return map.edges.filter((one) => one.to === id).map((one) => traffic.edges[one.id]);
  return map.interfaces.filter((one) => one.subnet === id).map((one) => traffic.interfaces[one.id]);
}

function coloured(kind, id, is_blamed) {
  const states = tallies(kind, id).map(state);
  const passed = states.some((one) => one === "passed" || one === "both");
  const dropped = is_blamed || states.some((one) => one === "dropped" || one === "both");
  return passed && dropped ? "both" : passed ? "passed" : dropped ? "dropped" : "idle";
}

/** Conversations come and go with their packets; the one that has the focus keeps it. */
function talks(found) {
  const group = at("map").querySelector("#conversations");
  if (!group) return;
  const wanted = new Map(found.map((one) => [`${one.from} ${one.to}`, one]));
  for (const one of [...group.children]) {
    const id = one.dataset.id;
    if (!wanted.delete(id) && one !== document.activeElement) one.remove();
  }
  for (const [id, one] of wanted) {
    const made = conversation(now.plan, id, [one.from, one.to], `${nameOf(one.from)} to ${nameOf(one.to)}`);
    if (made) group.append(made);
  }
}

// Pointing

function tell() {
  if (!view.map) return;
  const { kind, id } = now.pointed ?? {};
  const panel = at("details"), scrolled = panel.scrollTop;
  panel.replaceChildren(...details(view, kind, id).filter((one) => one !== null));
  panel.scrollTop = scrolled;
}

function point(one) {
  if (now.pointed?.id === one?.dataset.id) return;
  for (const other of at("map").querySelectorAll(".pointed")) other.classList.remove("pointed");
  one?.classList.add("pointed");
  now.pointed = one ? { kind: one.dataset.kind, id: one.dataset.id } : null;
  at("details").scrollTop = 0;
  tell();
}

function tip(one, x, y) {
  const box = at("tip");
  if (!one || !view.map) {
    box.hidden = true;
    return;
  }
  const found = tallies(one.dataset.kind, one.dataset.id).filter(Boolean);
  const sum = (name) => found.reduce((all, tally) => ({ packets: all.packets + tally[name].packets }), { packets: 0 });
  const rules = found.flatMap((tally) => tally.rules);
  const decided = rules.find((rule) => !rule.allows) ?? rules.at(-1);
  const elsewhere = view.traffic?.elsewhere.find((rule) => rule.at.includes(one.dataset.id));
  const title = document.createElement("b");
  title.textContent = one.getAttribute("aria-label");
  const lines = [`last ${view.traffic?.seconds ?? 5} s: ${packets(sum("passed"))} passed, ${sum("dropped").packets} dropped`];
  if (decided) lines.push(`${decided.kind} ${decided.way}: ${sentence(decided, namer(view))}`);
  if (elsewhere) lines.push(`dropped by ${elsewhere.text}`);
  box.replaceChildren(title, ...lines.flatMap((line, n) => (n ? [document.createElement("br"), line] : [line])));
  box.hidden = false;
  box.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - box.offsetWidth - 8))}px`;
  box.style.top = `${y + 18 + box.offsetHeight > innerHeight ? y - box.offsetHeight - 12 : y + 18}px`;
}

function under(event) {
  return event.target.closest?.("[data-id]") ?? null;
}

at("map").addEventListener("pointermove", (event) => {
  const one = under(event);
  if (one) point(one);
  tip(one, event.clientX, event.clientY);
});
at("map").addEventListener("pointerleave", () => tip(null));
at("map").addEventListener("focusin", (event) => {
  const one = under(event);
  if (!one) return;
  point(one);
  if (one.matches(":focus-visible")) {
    const box = one.getBoundingClientRect();
    tip(one, box.left, box.bottom - 14);
  }
});
at("map").addEventListener("focusout", () => tip(null));
at("map").addEventListener("click", (event) => {
  const one = under(event);
  if (one) pick(one);
  else point(null);
});
at("map").addEventListener("keydown", (event) => {
  const one = under(event);
  if (one && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    pick(one);
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    tip(null);
    clearTrace();
    point(null);
  }
});

// Tracing

/** The first interface that is clicked sends, the next one, or the internet gateway, is where to. */
function pick(one) {
  const { kind, id } = one.dataset;
  point(one);
  const is_internet = kind === "gateway" && one.classList.contains("internet-gateway");
  if (kind !== "interface" && !(is_internet && now.from)) return;
  if (!now.from || now.to) {
    if (kind !== "interface") return;
    clearTrace();
    now.from = id;
  } else if (id !== now.from) {
    now.to = id;
    trace();
  }
  ringed();
}

function ringed() {
  for (const one of things()) one.classList.toggle("chosen", one.dataset.id === now.from || one.dataset.id === now.to);
  const end = (id, name, word) => {
    at(id).textContent = name ? nameOf(name) : `${word} …`;
    at(id).classList.toggle("set", Boolean(name));
  };
  end("trace-from", now.from, "from");
  end("trace-to", now.to, "to");
  at("trace-go").disabled = !(now.from && now.to);
  at("trace-hint").textContent = !now.from ? "Click an interface, then another one or the internet gateway."
    : !now.to ? "Now click where the packet is to go." : "Escape clears.";
}

function clearTrace() {
  Object.assign(now, { from: "", to: "" });
  at("trace-told").replaceChildren();
  for (const one of at("map").querySelectorAll(".on-way, .died")) one.classList.remove("on-way", "died");
  if (view.map) ringed();
}

async function trace() {
  const told = at("trace-told");
  told.textContent = "a packet is on its way …";
  for (const one of at("map").querySelectorAll(".on-way, .died")) one.classList.remove("on-way", "died");
  const is_inside = now.to.startsWith("eni-");
  const wanted = {
    source: now.from, destination: is_inside ? now.to : view.map.outside,
    protocol: at("protocol").value, port: Number(at("port").value),
  };
  try {
    const answer = await ask("/trace", { method: "POST", body: JSON.stringify(wanted) });
    told.replaceChildren(...traced(answer));
    shown(answer);
  } catch (error) {
    told.textContent = `It could not be traced: ${error.message}`;
  }
}

function shown(answer) {
  const steps = [...answer.forth.steps, ...(answer.back?.steps ?? [])].map((one) => one.at);
  const dead = [answer.forth, answer.back].find((one) => one && !one.end)?.at;
  const on_map = (id) => view.map.interfaces.find((one) => one.nat === id)?.id ?? id;
  const way = new Set(steps.map(on_map));
  for (const one of things()) {
    one.classList.toggle("on-way", way.has(one.dataset.id));
    one.classList.toggle("died", one.dataset.id === (dead && on_map(dead)));
  }
}

at("trace-form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (now.from && now.to) trace();
});
at("trace-clear").addEventListener("click", clearTrace);
at("account").addEventListener("change", (event) => {
  choose(now.vpcs.find((one) => one.account === event.target.value).id);
});
at("region").addEventListener("change", (event) => {
  const account = at("account").value;
  choose(now.vpcs.find((one) => one.account === account && one.region === event.target.value).id);
});
at("vpc").addEventListener("change", (event) => choose(event.target.value));
at("choose").addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("visibilitychange", turn);
setInterval(turn, POLL_MILLISECONDS);
turn();
