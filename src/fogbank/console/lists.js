// What the pages of lists share: asking as long as somebody looks, rows that stay where they are, words for times.

import { html } from "./details.js";
import { at, fill, said } from "./page.js";

const POLL = 1000, SLOWER = 3;

/** Asks about once a second while the page can be seen, and less often where answers take long; returns "ask now". */
export function polling(look) {
  let timer = 0, is_busy = false, is_asked = false;
  async function turn() {
    clearTimeout(timer);
    if (is_busy) {
      is_asked = true;
      return;
    }
    if (document.hidden) return;
    is_busy = true;
    is_asked = false;
    const began = performance.now();
    try {
      await look();
      said("live", "good");
    } catch (error) {
      said(error instanceof TypeError ? "fogbank does not answer" : error.message, "bad");
    } finally {
      is_busy = false;
      timer = setTimeout(turn, is_asked ? 0 : Math.max(POLL, SLOWER * (performance.now() - began)));
    }
  }
  document.addEventListener("visibilitychange", turn);
  queueMicrotask(turn);
  return turn;
}

const marks = new WeakMap();

/**
 * Has an element show these rows, { key, mark, make }: those whose mark is the same stay untouched, with their focus.
 * One that is made anew gets the focus back that it had.
 */
export function keyed(parent, rows) {
  const before = new Map([...parent.children].map((one) => [marks.get(one)?.key, one]));
  const focused = parent.contains(document.activeElement) ? document.activeElement : null;
  const had = focused && [...parent.children].find((one) => one.contains(focused));
  const place = had && [...had.querySelectorAll("button, a, [tabindex]")].indexOf(focused);
  let next = parent.firstElementChild;
  for (const { key, mark, make } of rows) {
    let one = before.get(key);
    before.delete(key);
    if (!one || marks.get(one).mark !== mark) {
      const made = make();
      marks.set(made, { key, mark });
      if (one === next && one) next = made;
      one?.replaceWith(made);
      if (one && one === had) (made.querySelectorAll("button, a, [tabindex]")[place] ?? made).focus({ preventScroll: true });
      one = made;
    }
    if (one === next) next = next.nextElementSibling;
    else parent.insertBefore(one, next);
  }
  for (const one of before.values()) one.remove();
}

/** The same for what is told of one thing: elements that say what they said before are left alone. */
export function told(parent, elements) {
  const found = elements.filter(Boolean);
  keyed(parent, found.map((one, n) => ({ key: `${n}`, mark: one.outerHTML, make: () => one })));
}

/** Offers the accounts and regions of things, and says which of the things are of the chosen ones. */
export function within(all, now) {
  const unique = (values) => [...new Set(values)].map((one) => [one, one]);
  const accounts = unique(all.map((one) => one.account));
  if (!accounts.some(([one]) => one === now.account)) now.account = accounts[0]?.[0] ?? "";
  const own = all.filter((one) => one.account === now.account);
  const regions = unique(own.map((one) => one.region));
  if (!regions.some(([one]) => one === now.region)) now.region = regions[0]?.[0] ?? "";
  fill(at("account"), accounts, now.account);
  fill(at("region"), regions, now.region);
  return own.filter((one) => one.region === now.region);
}

/** A list of names and values; values may be elements, and those that say nothing are left out. */
export function facts(pairs) {
  const given = pairs.filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return html("dl", {}, given.flatMap(([name, value, is_code]) => [
    html("dt", {}, name), html("dd", { class: is_code ? "mono" : null }, value instanceof Node ? value : String(value)),
  ]));
}

/** A length of time as people read it. */
export function span(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 0.000005) return "0 ms";
  if (seconds < 0.0095) return `${(seconds * 1000).toFixed(seconds < 0.00095 ? 2 : 1)} ms`;
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 59.95) return `${seconds.toFixed(seconds < 9.995 ? 2 : 1)} s`;
  const whole = Math.round(seconds);
  return whole < 3600 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** A moment of cloud time, in seconds, as UTC: the time of day, and the day too where that is another than now's. */
export function moment(at_, now, digits = 0) {
  const iso = new Date(at_ * 1000).toISOString();
  const time = iso.slice(11, digits ? 20 + digits : 19);
  return now && iso.slice(0, 10) === new Date(now * 1000).toISOString().slice(0, 10) ? time : `${iso.slice(0, 10)} ${time}`;
}

export function fitting(text, length) {
  return text.length > length ? `${text.slice(0, Math.max(1, length - 1))}…` : text;
}

/** JSON as people read it, and anything else as it is. */
export function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
