// The page of stacks: which one is looked at, how far it has come, and what happens to it.

import { html } from "./details.js";
import { svg } from "./drawing.js";
import { facts, keyed, moment, polling, told, within } from "./lists.js";
import { asker, at } from "./page.js";

const WIDE = 96;
const NESTED = "AWS::CloudFormation::Stack";
const ask = asker("../stacks");
const now = { all: [], account: "", region: "", arn: "", seen: null, known: new Set(), status: "" };
const turn = polling(look);

async function look() {
  const { now: cloud, stacks } = await ask("");
  const fresh = stacks.filter((one) => !now.known.has(one.arn));
  Object.assign(now, { all: stacks, cloud });
  const wanted = decodeURIComponent(location.hash.slice(1));
  const named = !now.arn && stacks.find((one) => one.arn === wanted);
  if (named) Object.assign(now, { account: named.account, region: named.region });
  const here = within(stacks, now);
  // A stack that begins while nobody has chosen another one is what is looked at.
  const begun = !now.is_chosen && now.known.size ? here.find((one) => fresh.includes(one) && !one.parent) : null;
  for (const one of stacks) now.known.add(one.arn);
  if (begun) begin(begun.arn);
  else if (!here.some((one) => one.arn === now.arn) && !now.is_held) begin((named ?? here.find((one) => !one.is_deleted) ?? here[0])?.arn ?? "");
  list(here);
  if (!now.arn) return;
  const asked = now.arn;
  const seen = await ask(`/one?arn=${encodeURIComponent(asked)}`);
  if (asked !== now.arn) return;
  const is_first = !now.seen;
  now.seen = seen;
  describe(seen);
  resources(seen);
  events(seen, is_first);
}

function begin(arn) {
  Object.assign(now, { arn, seen: null, status: "", is_held: false });
  at("events").replaceChildren();
  if (arn) history.replaceState(null, "", `#${arn}`);
}

/** `is_held`: one that is in no list, since it was deleted long ago, is shown nevertheless. */
function choose(arn) {
  if (arn === now.arn) return;
  begin(arn);
  now.is_chosen = now.is_held = true;
  list(within(now.all, now));
  turn();
}

// How it stands

/** `bad` for what has failed or was taken back, `moving` for what is under way, `good`, or nothing. */
function kind(status) {
  if (/FAILED|ROLLBACK/.test(status)) return status.endsWith("IN_PROGRESS") ? "moving bad" : "bad";
  if (status.endsWith("IN_PROGRESS")) return "moving";
  return status === "DELETE_COMPLETE" || !status ? "" : "good";
}

function words(status) {
  return status ? status.toLowerCase().replaceAll("_", " ") : "waiting";
}

function badge(status) {
  const found = kind(status);
  return html("span", { class: `badge ${found === "moving bad" ? "bad" : found}`, "data-status": status, title: status || null }, words(status));
}

function bar(one) {
  const { done, failed, total } = one.progress, share = (count) => (total ? (count / total) * WIDE : 0);
  const is_down = /^(DELETE|ROLLBACK)/.test(one.status);
  const text = total ? `${done} of ${total}${is_down ? " removed" : ""}${failed ? `, ${failed} failed` : ""}` : "none yet";
  return html("span", { class: `bar ${kind(one.status)}`, role: "progressbar", "aria-valuemin": 0, "aria-valuemax": total, "aria-valuenow": done, "aria-label": `Resources of ${one.name}: ${text}` },
    svg("svg", { viewBox: `0 0 ${WIDE} 7`, "aria-hidden": "true" },
      svg("rect", { class: "track", width: WIDE, height: 7, rx: 3.5 }), svg("rect", { class: "done", width: share(done), height: 7, rx: 3.5 }),
      failed ? svg("rect", { class: "failed", x: share(done), width: share(failed), height: 7, rx: 2 }) : null),
    html("span", {}, text));
}

// All of them

function list(here) {
  for (const id of ["stacks", "resources", "happened"]) at(id).hidden = !now.arn;
  at("empty").hidden = Boolean(here.length);
  at("empty").textContent = "There is no stack yet. One is made by CreateStack, or by aws cloudformation deploy.";
  if (!now.arn) at("details").replaceChildren();
  keyed(at("list"), here.map((one) => ({
    key: one.arn, mark: JSON.stringify([one, one.arn === now.arn]), make: () => row(one),
  })));
}

function row(one) {
  const is_chosen = one.arn === now.arn;
  const steps = one.depth ? html("span", { class: "indent", "aria-hidden": "true" }, `${"\u2003".repeat(one.depth - 1)}└`) : null;
  return html(
    "tr", { "data-arn": one.arn, "data-name": one.name, "data-chosen": is_chosen ? "" : null, class: one.is_deleted ? "gone" : null },
    html("td", {}, steps, html("button", { type: "button", class: "plain", "aria-current": is_chosen ? "true" : null }, one.name)),
    html("td", {}, badge(one.status)), html("td", {}, bar(one)),
    html("td", { class: "when least" }, moment(one.changed_at, now.cloud)),
  );
}

// One of them

function describe(seen) {
  const parent = now.all.find((one) => one.arn === seen.parent);
  const up = seen.parent ? html("button", { type: "button", class: "link", "data-arn": seen.parent }, parent?.name ?? seen.parent) : "";
  told(at("details"), [
    html("h2", {}, seen.name),
    html("p", { class: "sub" }, seen.description || `${seen.region} · account ${seen.account}`),
    facts([
      ["status", badge(seen.status)], ["why", seen.reason], ["failed", failure(seen)], ["part of", up],
      ["created", `${moment(seen.created_at, 0)} UTC`],
      ["changed", seen.changed_at === seen.created_at ? "" : `${moment(seen.changed_at, 0)} UTC`],
      ["protected", seen.is_protected ? "from deletion" : ""], ["role", seen.role, true], ["ARN", seen.arn, true],
    ]),
    ...pairs("Outputs", seen.outputs, (one) => [one.description, one.export ? `exported as ${one.export}` : ""]),
    ...pairs("Parameters", seen.parameters, (one) => [one.resolved ? `comes to ${one.resolved}` : ""]),
    ...pairs("Tags", Object.entries(seen.tags).map(([name, value]) => ({ name, value })), () => []),
  ]);
  if (now.status && now.status !== seen.status) at("announced").textContent = `${seen.name}: ${words(seen.status)}`;
  now.status = seen.status;
}

/** What failed first of what is being done, or was done last: what was cancelled for it does not count. */
function failure(seen) {
  if (!kind(seen.status).includes("bad")) return "";
  const begun = seen.events.findIndex((one) => one.is_own && /^(CREATE|UPDATE|DELETE)_IN_PROGRESS$/.test(one.status));
  const own = seen.events.slice(0, begun < 0 ? undefined : begun);
  const found = own.findLast((one) => !one.is_own && one.status.endsWith("_FAILED") && !/cancelled/i.test(one.reason));
  return found ? html("span", { class: "why" }, html("b", {}, `${found.logical}:`), ` ${found.reason}`) : "";
}

function pairs(title, rows, more) {
  if (!rows.length) return [];
  return [html("h3", {}, title), html("ul", { class: "pairs", "data-of": title.toLowerCase() }, rows.map((one) => html(
    "li", {}, html("span", { class: "name" }, one.name), html("span", { class: "value mono" }, one.value),
    ...more(one).filter(Boolean).map((text) => html("span", { class: "more" }, text)),
  )))];
}

function resources(seen) {
  at("whose").textContent = `of ${seen.name}`;
  told(at("come"), [bar(seen)]);
  keyed(at("parts"), seen.resources.map((one) => ({ key: one.logical, mark: JSON.stringify(one), make: () => part(one) })));
}

function part(one) {
  const is_stack = one.type === NESTED && one.id;
  const identity = is_stack ? html("button", { type: "button", class: "link", "data-arn": one.id }, one.id.split("/")[1] ?? one.id) : one.id || "–";
  const is_bad = kind(one.status).includes("bad");
  return html(
    "tr", { "data-logical": one.logical, class: one.status ? null : "waiting" },
    html("td", { class: "wide" }, html("b", {}, one.logical)), html("td", { class: "least type" }, one.type.replace(/^AWS::/, "")),
    html("td", { class: "code wide" }, identity),
    html("td", {}, badge(one.status), one.reason && is_bad ? html("span", { class: "why" }, one.reason) : null),
  );
}

/** What is new is shown for a moment, unless everything is. */
function events(seen, is_first) {
  keyed(at("events"), seen.events.map((one) => ({ key: one.id, mark: "", make: () => event(one, is_first) })));
}

function event(one, is_first) {
  const found = /FAILED|ROLLBACK/.test(one.status) ? "bad" : one.status.endsWith("_COMPLETE") ? "good" : "moving";
  const who = one.nested ? html("button", { type: "button", class: "link who", "data-arn": one.nested }, one.logical) : html("span", { class: "who" }, one.logical);
  return html(
    "li", { class: `${found}${one.is_own ? " own" : ""}${is_first ? "" : " new"}`, "data-event": `${one.logical} ${one.status}` },
    html("span", { class: "head" }, who, html("span", { class: "status" }, one.status)),
    one.reason ? html("span", { class: "reason" }, one.reason) : null,
    html("span", { class: "count" }, `${moment(one.at, now.cloud, 3)} · ${one.is_own ? "the stack" : one.type}`),
  );
}

// Choosing

for (const id of ["list", "parts", "events", "details"]) {
  at(id).addEventListener("click", (event_) => {
    const one = event_.target.closest("[data-arn]");
    if (one) choose(one.dataset.arn);
  });
}
for (const id of ["account", "region"]) {
  at(id).addEventListener("change", (event_) => {
    now[id] = event_.target.value;
    begin("");
    turn();
  });
}
at("choose").addEventListener("submit", (event_) => event_.preventDefault());
