// The page of functions: which one is looked at, what it is, what its log says, and what it answers.

import { html } from "./details.js";
import { facts, keyed, moment, polling, pretty, span, told, within } from "./lists.js";
import { asker, at, fill } from "./page.js";

const LISTED = 10, NEAR = 24;
const ask = asker("../functions");
const now = { all: [], account: "", region: "", arn: "", log: [], lines: null, is_paused: false, has_errors_only: false, seen: null };
const turn = polling(look);

// Once a second

async function look() {
  const { now: cloud, functions } = await ask("");
  now.all = functions;
  now.cloud = cloud;
  const wanted = decodeURIComponent(location.hash.slice(1));
  const named = !now.arn && functions.find((one) => one.arn === wanted);
  if (named) Object.assign(now, { account: named.account, region: named.region });
  const here = within(functions, now);
  if (!here.some((one) => one.arn === now.arn)) begin(named?.arn ?? here[0]?.arn ?? "");
  list(here);
  if (!now.arn) return;
  const which = `?arn=${encodeURIComponent(now.arn)}`, asked = now.arn;
  const [seen, log] = await Promise.all([ask(`/one${which}`), now.is_paused ? null : ask(`/log${which}`)]);
  if (asked !== now.arn) return;
  now.seen = seen;
  describe(seen);
  if (log) lines(log);
}

function begin(arn) {
  Object.assign(now, { arn, seen: null, log: [] });
  for (const id of ["answer", "lines"]) at(id).replaceChildren();
  if (arn) history.replaceState(null, "", `#${arn}`);
}

function choose(arn) {
  if (arn === now.arn) return;
  begin(arn);
  list(within(now.all, now));
  turn();
}

// All of them

function list(here) {
  for (const id of ["functions", "log", "call"]) at(id).hidden = !here.length;
  at("empty").hidden = Boolean(here.length);
  at("empty").textContent = "There is no function yet. One is made by CreateFunction, or by a stack.";
  if (!here.length) at("details").replaceChildren();
  at("count").textContent = here.length > 1 ? `${here.length}` : "";
  keyed(at("list"), here.map((one) => ({
    key: one.arn, mark: JSON.stringify([one, one.arn === now.arn]), make: () => row(one),
  })));
}

function row(one) {
  const is_chosen = one.arn === now.arn;
  return html(
    "tr", { "data-arn": one.arn, "data-name": one.name, "data-chosen": is_chosen ? "" : null },
    html("td", {}, html("button", { type: "button", class: "plain", "aria-current": is_chosen ? "true" : null }, one.name)),
    html("td", {}, one.runtime), html("td", { class: "code least wide" }, one.handler),
    html("td", { class: "number least" }, `${one.memory_mb} MB`), html("td", { class: "number least" }, `${one.timeout_seconds} s`),
    html("td", {}, dots(one)), html("td", { class: "when" }, moment(one.modified_at, now.cloud)),
  );
}

function counted({ busy, idle }) {
  return [busy ? `${busy} busy` : "", idle ? `${idle} idle` : ""].filter(Boolean).join(", ") || "none";
}

function dots(one) {
  const dot = (kind, count) => Array.from({ length: Math.min(count, LISTED) }, () => html("i", { class: kind, "aria-hidden": "true" }));
  return html("span", { class: "dots" }, dot("busy", one.busy), dot("idle", one.idle), html("span", {}, counted(one)));
}

// What it is

function describe(seen) {
  const shares = (alias) => alias.shares.map((one) => html("span", { class: "share" }, `${one.version === "$LATEST" ? "" : "version "}${one.version} ${percent(one.share)}`));
  told(at("details"), [
    html("h2", {}, seen.name),
    html("p", { class: "sub" }, seen.description || `${seen.region} · account ${seen.account}`),
    facts([
      ["state", html("span", { class: `badge ${seen.state === "Active" ? "good" : "moving"}` }, seen.state)],
      ["runtime", `${seen.runtime} (${seen.architecture})`], ["handler", seen.handler, true],
      ["memory", `${seen.memory_mb} MB, ${seen.storage_mb} MB in /tmp`], ["timeout", `${seen.timeout_seconds} s`],
      ["environments", counted(seen)],
      ["reserved", seen.reserved === null ? "" : `${seen.reserved} at a time`],
      ["tracing", seen.tracing], ["changed", `${moment(seen.modified_at, 0)} UTC`],
      ["code", `${(seen.code_bytes / 1000).toFixed(1)} kB`],
      ["layers", seen.layers.map((one) => one.split(":").slice(-2).join(":")).join(", "), true],
      ["variables", seen.variables.join(", "), true],
      ["network", seen.vpc ? `${seen.vpc} ${seen.subnets.join(" ")}` : "", true],
      ["dead letters", seen.dead_letter, true], ["role", seen.role, true], ["ARN", seen.arn, true],
    ]),
    seen.aliases.length ? html("h3", {}, "Aliases") : null,
    seen.aliases.length ? html("ul", { class: "pairs" }, seen.aliases.map((one) => html(
      "li", { "data-alias": one.name }, html("span", { class: "name" }, one.name), html("span", {}, shares(one)),
      one.description ? html("span", { class: "more" }, one.description) : null,
      one.provisioned ? html("span", { class: "more" }, `${one.provisioned} kept ready`) : null,
    ))) : null,
    html("h3", {}, "Versions"),
    html("ul", { class: "pairs" }, seen.versions.map((one) => html(
      "li", { "data-version": one.number }, html("span", { class: "name" }, one.number),
      html("span", { class: "value" }, moment(one.modified_at, 0)),
      one.idle || one.busy ? html("span", { class: "more" }, counted(one)) : null,
    ))),
  ]);
  const names = [...seen.aliases.map((one) => [one.name, `alias ${one.name}`]), ...seen.versions.map((one) => [one.number, one.number === "$LATEST" ? "$LATEST" : `version ${one.number}`])];
  const before = at("qualifier").value;
  fill(at("qualifier"), names, names.some(([one]) => one === before) ? before : "$LATEST");
}

function percent(share) {
  return `${Number((share * 100).toFixed(2))} %`;
}

// Its log

function lines(log) {
  now.log = log.lines;
  at("group").textContent = log.group;
  write();
}

const WORD = /^(INIT_START|INIT_REPORT|START|END|REPORT)(?= )/;

function write() {
  const list_ = at("lines"), is_near = list_.scrollHeight - list_.scrollTop - list_.clientHeight < NEAR;
  const shown = now.log.filter((one) => !now.has_errors_only || one.kind === "error");
  const counts = new Map(), last = [...list_.children].at(-1);
  // What is said twice in one moment is told apart by how often it was.
  const rows = shown.map((one) => {
    const text = `${one.at_ms} ${one.stream} ${one.text}`, nth = counts.get(text) ?? 0;
    counts.set(text, nth + 1);
    return { key: `${text} ${nth}`, mark: "", make: () => line(one) };
  });
  const none = now.has_errors_only ? "No errors." : "Nothing yet: a line comes with the end of an invocation.";
  keyed(list_, rows.length ? rows : [{ key: "none", mark: none, make: () => html("li", { class: "line none" }, none) }]);
  if (is_near) list_.scrollTop = list_.scrollHeight;
  else if (last !== [...list_.children].at(-1)) at("newest").hidden = false;
}

function line(one) {
  const word = WORD.exec(one.text)?.[0] ?? "";
  return html(
    "li", { class: "line", "data-kind": one.kind, title: one.stream },
    html("time", {}, moment(one.at_ms / 1000, one.at_ms / 1000, 3)),
    html("span", { class: "said" }, word ? html("b", {}, word) : null, one.text.slice(word.length)),
  );
}

at("lines").addEventListener("scroll", () => {
  const list_ = at("lines");
  if (list_.scrollHeight - list_.scrollTop - list_.clientHeight < NEAR) at("newest").hidden = true;
});
at("newest").addEventListener("click", () => {
  at("lines").scrollTop = at("lines").scrollHeight;
  at("newest").hidden = true;
});
at("pause").addEventListener("click", () => {
  now.is_paused = !now.is_paused;
  at("pause").setAttribute("aria-pressed", now.is_paused);
  at("pause").textContent = now.is_paused ? "Go on" : "Pause";
  if (!now.is_paused) turn();
});
at("errors").addEventListener("click", () => {
  now.has_errors_only = !now.has_errors_only;
  at("errors").setAttribute("aria-pressed", now.has_errors_only);
  write();
});

// Invoking

function wrong() {
  const text = at("payload").value.trim();
  let why = "";
  try {
    if (text) JSON.parse(text);
  } catch (error) {
    why = `This is not JSON: ${error.message}`;
  }
  at("payload").setAttribute("aria-invalid", Boolean(why));
  at("wrong").hidden = !why;
  at("wrong").textContent = why;
  return why;
}

async function invoke() {
  const asked = now.arn;
  const wanted = {
    arn: asked, qualifier: at("qualifier").value === "$LATEST" ? "" : at("qualifier").value, type: at("type").value,
    payload: at("payload").value.trim(), is_traced: at("traced").checked,
  };
  at("go").disabled = true;
  at("answer").replaceChildren(html("p", { class: "hint" }, "It runs …"));
  let made;
  try {
    made = answered(await ask("/invoke", { method: "POST", body: JSON.stringify(wanted) }), wanted);
  } catch (error) {
    made = [html("div", { class: "top" }, html("span", { class: "badge bad" }, "refused")),
      html("p", { class: "why" }, error instanceof TypeError ? "fogbank does not answer" : error.message)];
  }
  at("go").disabled = false;
  if (asked !== now.arn) return;
  at("answer").replaceChildren(...made.filter(Boolean));
  at("answer").scrollIntoView({ block: "nearest" });
  turn();
}

/** What a function said, or why it failed, in words. */
function answered(said, wanted) {
  const trace = said.trace ? html("a", { class: "inner", href: `traces.html#${said.trace}` }, "its trace") : null;
  if (wanted.type === "Event") {
    return [html("div", { class: "top" }, html("span", { class: "badge good" }, "accepted"), `in ${span(said.seconds)}`, trace),
      html("p", { class: "hint" }, "Nobody waits for the answer; the log shows when it runs.")];
  }
  const failure = said.error ? parsed(said.payload) : null;
  const has_failed = Boolean(said.error);
  return [
    html("div", { class: "top" },
      html("span", { class: `badge ${has_failed ? "bad" : "good"}` }, has_failed ? "failed" : "answered"),
      html("span", {}, `in ${span(said.seconds)}`), html("span", { "data-version": said.version }, `by ${said.version === "$LATEST" ? "" : "version "}${said.version}`), trace),
    failure ? html("p", { class: "why" }, `${failure.errorType ?? said.error}: ${failure.errorMessage ?? "it says nothing of why"}`) : null,
    failure?.stackTrace?.length || failure?.trace?.length
      ? html("pre", { class: "failed", tabindex: 0, "aria-label": "Where it failed" }, (failure.stackTrace ?? failure.trace).join("\n").replace(/\n+/g, "\n").trimEnd()) : null,
    failure ? null : html("pre", { tabindex: 0, "aria-label": "Answer" }, pretty(said.payload) || "(nothing)"),
    facts([
      ["inside", span(said.duration_ms === null ? null : said.duration_ms / 1000)],
      ["initialization", span(said.init_ms === null ? null : said.init_ms / 1000)],
      ["billed", said.billed_ms === null ? "" : `${said.billed_ms} ms`],
      ["memory used", said.memory_mb_max === null ? "" : `${said.memory_mb_max} MB`],
    ]),
  ];
}

function parsed(text) {
  try {
    const found = JSON.parse(text);
    return found && typeof found === "object" ? found : { errorMessage: text };
  } catch {
    return { errorMessage: text };
  }
}

at("payload").addEventListener("input", wrong);
at("payload").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) at("invoke").requestSubmit();
});
at("invoke").addEventListener("submit", (event) => {
  event.preventDefault();
  if (now.arn && !at("go").disabled && !wrong()) invoke();
});

// Choosing

at("list").addEventListener("click", (event) => {
  const one = event.target.closest("[data-arn]");
  if (one) choose(one.dataset.arn);
});
for (const id of ["account", "region"]) {
  at(id).addEventListener("change", (event) => {
    now[id] = event.target.value;
    begin("");
    turn();
  });
}
at("choose").addEventListener("submit", (event) => event.preventDefault());
