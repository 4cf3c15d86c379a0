// The page: which database is looked at, what is asked of fogbank and how often, and what pointing does.

import { described, happenings, sentence } from "./facts.js";
import { begun, first, label, remember } from "./history.js";
import { asker, at, fill, said } from "./page.js";
import { lagPlot, timeline } from "./plots.js";
import { NARROW, late, picture } from "./topology.js";
import { html } from "./details.js";

const POLL = 1000, POLL_TURNING = 250, LISTED = 5000, QUICK = 3000;
const ask = asker("../databases");
const now = { all: [], arn: "", seen: null, past: null, pointed: null, listed: 0, quick: 0, busy: false, drawn: "", timer: 0 };

// Which database

function offer() {
  const chosen = now.all.find((one) => one.arn === now.arn);
  const unique = (values) => [...new Set(values)].map((one) => [one, one]);
  fill(at("account"), unique(now.all.map((one) => one.account)), chosen?.account ?? "");
  const own = now.all.filter((one) => one.account === chosen?.account);
  fill(at("region"), unique(own.map((one) => one.region)), chosen?.region ?? "");
  const here = own.filter((one) => one.region === chosen?.region);
  fill(at("database"), here.map((one) => [one.arn, `${one.id} (${one.kind}, ${one.nodes} node${one.nodes === 1 ? "" : "s"})`]), now.arn);
}

function choose(arn) {
  if (arn === now.arn) return;
  Object.assign(now, { arn, seen: null, past: begun(performance.now()), pointed: null, drawn: "", quick: 0 });
  history.replaceState(null, "", `#${arn}`);
  at("changes").replaceChildren();
  offer();
  turn();
}

async function list() {
  now.listed = performance.now();
  now.all = (await ask("")).databases;
  if (!now.all.some((one) => one.arn === now.arn)) {
    const wanted = decodeURIComponent(location.hash.slice(1));
    const found = now.all.find((one) => one.arn === wanted) ?? now.all[0];
    now.arn = "";
    if (found) choose(found.arn);
    else empty();
  }
  offer();
}

function empty() {
  Object.assign(now, { seen: null, drawn: "" });
  at("empty").textContent = "There is no database yet. One is made by CreateDBInstance or CreateDBCluster.";
  for (const [id, hidden] of [["empty", false], ["status", true], ["lags", true], ["times", true]]) at(id).hidden = hidden;
  for (const id of ["topology", "details", "events"]) at(id).replaceChildren();
}

// Once a second, and more often while whoever takes writes is changing

async function turn() {
  clearTimeout(now.timer);
  if (now.busy) return;
  if (document.hidden) return;
  now.busy = true;
  const asked = now.arn;
  try {
    if (!now.arn || performance.now() - now.listed > LISTED) await list();
    if (now.arn) await look(now.arn);
    said("live", "good");
  } catch (error) {
    now.listed = 0;
    said(error instanceof TypeError ? "fogbank does not answer" : error.message, "bad");
  } finally {
    now.busy = false;
    now.timer = setTimeout(turn, asked === now.arn ? interval() : 0);
  }
}

function interval() {
  return performance.now() < now.quick ? POLL_TURNING : POLL;
}

async function look(arn) {
  const asked = performance.now();
  const seen = await ask(`/one?arn=${encodeURIComponent(arn)}`);
  if (arn !== now.arn) return;
  const change = remember(now.past, seen, { asked, now: performance.now(), interval: interval() });
  now.seen = seen;
  if (change || seen.is_turning) now.quick = performance.now() + QUICK;
  if (change) announce(change);
  show();
}

function announce(change) {
  const text = change.is_other ? `${change.to} takes writes now, instead of ${change.from}.` : `${change.to} takes writes again.`;
  at("announced").textContent = text;
}

// What is shown

function show() {
  const { seen, past } = now;
  if (!seen) return;
  at("empty").hidden = true;
  at("times").hidden = false;
  at("lags").hidden = !past.lags.size;
  const writer = first(seen);
  const pill = at("status");
  pill.hidden = false;
  const is_away = writer && !writer.runs && seen.is_turning;
  pill.textContent = is_away ? "nobody takes writes" : seen.is_turning ? "failing over" : writer ? `${seen.status} · ${label(seen, writer)} takes writes` : seen.status;
  pill.dataset.state = seen.is_turning ? "bad" : seen.status === "available" ? "good" : "idle";
  redraw();
  const at_ = performance.now();
  at("lag-plot").replaceChildren(lagPlot(past, at_, at("lags").clientWidth - 32));
  at("timeline").replaceChildren(timeline(past, at_, at("times").clientWidth - 32));
  at("lag-legend").replaceChildren(...[...past.lags.values()].map((one) => html(
    "li", { class: `s${one.colour % 6}` }, html("span", { class: "swatch", "aria-hidden": "true" }),
    `${one.label} `, one.value === undefined ? "follows nobody now" : html("b", {}, one.value === null ? "unknown" : late(one.value)),
  )));
  listed(at("changes"), past.changes.map((one) => sentence(past, one)).reverse());
  itemed(at("events"), happenings(past));
  tell();
}

/** Items that stay are left alone: whoever hears the page is told of the new ones. */
function listed(list_, texts) {
  const before = [...list_.children].map((one) => one.textContent);
  if (before.join("\n") !== texts.join("\n")) list_.replaceChildren(...texts.map((text) => html("li", {}, text)));
}

function itemed(list_, items) {
  const text = (all) => [...all].map((one) => one.textContent).join("\n");
  if (text(list_.children) !== text(items) || !items.length) {
    list_.replaceChildren(...(items.length ? items : [html("li", { class: "none" }, "Nothing has happened.")]));
  }
}

function redraw() {
  const { seen } = now;
  // Not the section's own width: it has none while there is nothing in it.
  const room = at("pictures").clientWidth - 66;
  const text = JSON.stringify([seen.nodes, seen.endpoints, room < NARROW]);
  if (text === now.drawn) return;
  now.drawn = text;
  const focused = document.activeElement?.closest?.("#topology [data-id]")?.dataset.id;
  at("topology").replaceChildren(picture(seen, room));
  if (focused) thing(focused)?.focus({ preventScroll: true });
  pointed();
}

function thing(id) {
  return [...at("topology").querySelectorAll("[data-id]")].find((one) => one.dataset.id === id);
}

// Pointing

function tell() {
  const { kind, id } = now.pointed ?? {};
  const made = described(now.seen, kind, id).filter(Boolean);
  const panel = at("details");
  const before = [...panel.children].map((one) => one.outerHTML).join("");
  if (before !== made.map((one) => one.outerHTML).join("")) panel.replaceChildren(...made);
}

function pointed() {
  for (const one of at("topology").querySelectorAll("[data-id]")) {
    one.classList.toggle("pointed", one.dataset.id === now.pointed?.id);
  }
}

function point(one) {
  now.pointed = one ? { kind: one.dataset.kind, id: one.dataset.id } : null;
  pointed();
  if (now.seen) tell();
}

for (const name of ["pointerover", "focusin", "click"]) {
  at("topology").addEventListener(name, (event) => {
    const one = event.target.closest?.("[data-id]");
    if (one) point(one);
    else if (name === "click") point(null);
  });
}
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") point(null);
});

at("account").addEventListener("change", (event) => {
  choose(now.all.find((one) => one.account === event.target.value).arn);
});
at("region").addEventListener("change", (event) => {
  const account = at("account").value;
  choose(now.all.find((one) => one.account === account && one.region === event.target.value).arn);
});
at("database").addEventListener("change", (event) => choose(event.target.value));
at("choose").addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("visibilitychange", turn);
addEventListener("resize", show);
turn();
