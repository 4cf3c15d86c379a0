// A trace as a waterfall: a row for each segment, as deep as it was called, a bar for when and how long it ran.

import { svg } from "./drawing.js";
import { fitting, span } from "./lists.js";

const ROW = 27, HIGH = 14, TOP = 26, STEP = 15, LETTER = 7.3, SMALL = 6.1, RIGHT = 14, SHORTEST = 2.5;

/** How something ended: `fault`, `throttle`, `error` or `ok`; the worst counts. */
export function ended(one) {
  return one.is_fault ? "fault" : one.is_throttle ? "throttle" : one.is_error ? "error" : "ok";
}

export function isInit(one) {
  return one.kind === "subsegment" && /^init(ialization)?$/i.test(one.name);
}

/** A round length, of which so many at most make up the whole. */
export function step(whole, most) {
  const least = Math.max(whole, 1e-6) / most, power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((one) => one * power).find((one) => one >= least * 0.999);
}

/** Places for everything of a trace, in pixels, where there is so much room. Pure. */
export function layout(trace, room) {
  const wide = Math.max(room, 300);
  const left = Math.round(Math.min(Math.max(wide * 0.36, 150), 380));
  const whole = Math.max(trace.duration, ...trace.rows.map((one) => one.offset + (one.duration ?? 0)), 1e-6);
  const x = (seconds) => left + 10 + (seconds / whole) * (wide - left - 10 - RIGHT);
  const deepest = Math.max(1, Math.floor((left - 110) / STEP));
  const bars = trace.rows.map((one, at) => {
    const from = x(one.offset), to = one.duration === null ? x(whole) : x(one.offset + one.duration);
    return { one, x: from, wide: Math.max(to - from, SHORTEST), y: TOP + at * ROW, indent: 8 + Math.min(one.depth, deepest) * STEP };
  });
  const every = step(whole, Math.max(2, Math.floor((wide - left) / 110)));
  const ticks = [];
  for (let at = 0; at <= whole * 1.0001; at += every) ticks.push({ x: x(at), text: at ? span(at).replace(/\.0+ /, " ") : "0" });
  return { wide, left, high: TOP + bars.length * ROW + 6, bars, ticks, whole };
}

export function waterfall(trace, room) {
  const plan = layout(trace, room);
  const drawn = svg("svg", { width: plan.wide, height: plan.high, role: "group", "aria-label": `Trace ${trace.id}, ${trace.rows.length} rows, ${span(plan.whole)}` });
  drawn.append(svg("defs", {}, svg("pattern", { id: "init-lines", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    svg("rect", { width: 6, height: 6 }), svg("path", { d: "M0,0V6" }))));
  const axis = svg("g", { class: "axis", "aria-hidden": "true", "pointer-events": "none" });
  plan.ticks.forEach((one, at) => {
    axis.append(svg("path", { class: "grid", d: `M${one.x},${TOP - 6}V${plan.high}` }));
    const is_last = at && one.x > plan.wide - 40;
    axis.append(svg("text", { x: one.x, y: 13, "text-anchor": is_last ? "end" : at ? "middle" : "start" }, one.text));
  });
  axis.append(svg("path", { class: "split", d: `M${plan.left},4V${plan.high}` }));
  drawn.append(axis);
  for (const bar of plan.bars) drawn.append(row(plan, bar));
  return drawn;
}

function row(plan, { one, x, wide, y, indent }) {
  const how = ended(one), long = one.is_open ? "in progress" : span(one.duration);
  const kind = one.kind === "segment" || one.kind === "inferred" ? one.type : one.namespace;
  const letters = Math.floor((plan.left - indent - 8) / LETTER), name = fitting(one.name, letters);
  const rest = Math.floor((plan.left - indent - 16 - name.length * LETTER) / SMALL);
  const said = `${one.name}${kind ? `, ${kind}` : ""}: ${long}, begins after ${span(one.offset)}${how === "ok" ? "" : `, ${how}`}`;
  const letters_wide = long.length * SMALL, after = x + wide + 6;
  // Beside its bar where there is room, else within it, else before it.
  const where = after + letters_wide < plan.wide - 4 ? { x: after, side: "start", on: "" }
    : wide > letters_wide + 14 ? { x: x + wide - 7, side: "end", on: " within" } : { x: x - 6, side: "end", on: "" };
  return svg(
    "g", {
      class: `fall ${one.kind} ${how}${isInit(one) ? " init" : ""}${one.is_open ? " open" : ""}`, tabindex: 0, role: "button",
      "aria-label": said, "data-id": one.id, "data-parent": one.parent, "data-kind": "segment", "data-name": one.name,
    },
    svg("rect", { class: "back", x: 2, y, width: plan.wide - 4, height: ROW, rx: 6 }),
    one.depth ? svg("path", { class: "branch", d: `M${indent - 9},${y - 2}V${y + ROW / 2}H${indent - 2}` }) : null,
    svg("text", { x: indent, y: y + 18 }, svg("tspan", { class: "name" }, name),
      kind && rest > 4 ? svg("tspan", { class: "type", dx: 7 }, fitting(kind.replace(/^AWS::/, ""), rest)) : null),
    svg("rect", { class: "bar", x: x.toFixed(2), y: y + (ROW - HIGH) / 2, width: wide.toFixed(2), height: HIGH, rx: Math.min(3, wide / 2) }),
    svg("text", { class: `long${where.on}`, x: where.x, y: y + 18, "text-anchor": where.side }, long),
  );
}
