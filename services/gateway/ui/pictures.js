// Pictures of an object, as SVG. Each is one stop of the Tab key; arrow keys go from item to item, and the line below says what the pointer or
// the keyboard is at. The tables beside them say the same.
import { h, svg } from "./dom.js";
import { bytes, count, exactTime, range } from "./format.js";

/** Kinds of ops, and how they are painted. */
export const KINDS = {
  WRITE: "write", ZERO: "zero", TRUNC: "zero", CLONE: "clone", REHOME: "rehome",
  BIND: "bind", UNBIND: "unbind", SEAL: "bind", META: "bind", DROP: "unbind",
};
const AGES = 5;

/** Draws again whenever the width changes. `draw(width)` gives the SVG and its items: {node, text} in the order of the arrow keys. */
function picture(label, draw) {
  const line = h("p", { class: "at", "aria-live": "polite" }, "Point at the picture, or go through it with the arrow keys.");
  const frame = h("div", { class: "frame" });
  let items = [], current = -1;
  const choose = (index) => {
    if (index < 0 || index >= items.length) return;
    items[current]?.node.classList.remove("chosen");
    current = index;
    items[current].node.classList.add("chosen");
    line.textContent = items[current].text;
  };
  const onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    choose(current < 0 ? (step > 0 ? 0 : items.length - 1) : Math.min(Math.max(current + step, 0), items.length - 1));
  };
  let drawn = 0;
  new ResizeObserver(() => {
    const width = Math.floor(frame.clientWidth);
    if (width === drawn || width === 0) return;
    drawn = width;
    const made = draw(width);
    items = made.items;
    current = -1;
    items.forEach(({ node, text }, index) => {
      node.append(svg("title", {}, text));
      node.addEventListener("pointerenter", () => choose(index));
    });
    const image = svg("svg", { width, height: made.height, viewBox: `0 0 ${width} ${made.height}`, tabindex: "0", role: "img", "aria-label": label, onkeydown }, made.nodes);
    frame.replaceChildren(image);
  }).observe(frame);
  return h("figure", { class: "picture" }, frame, h("figcaption", {}, line));
}

const entry = (style, text) => h("li", {}, h("span", { class: `swatch ${style}` }), text);

const hatch = () => svg("defs", {}, svg("pattern", { id: "hatch", width: "6", height: "6", patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
  svg("rect", { width: "6", height: "6", class: "hatch-ground" }), svg("line", { x1: "0", y1: "0", x2: "0", y2: "6", class: "hatch-line" })));

// Offsets below a picture: as many as there is room for.
function ticks(lo, hi, width, y) {
  const steps = width > 700 ? 4 : 2;
  return Array.from({ length: steps + 1 }, (_, i) => {
    const x = (width * i) / steps;
    const anchor = i === 0 ? "start" : i === steps ? "end" : "middle";
    return [svg("line", { x1: x, x2: x, y1: y, y2: y + 5, class: "tick" }),
      svg("text", { x, y: y + 18, "text-anchor": anchor, class: "tick-text" }, bytes(Math.round(lo + ((hi - lo) * i) / steps)))];
  }).flat();
}

/** Age of each order among those that show: 1 the oldest, AGES the newest. */
function ages(extents) {
  const orders = [...new Set(extents.filter((extent) => extent.coding !== "zeros").map((extent) => extent.order))];
  orders.sort();  // as text: the times in them all have 18 digits
  return new Map(orders.map((order, i) => [order, orders.length === 1 ? 3 : 1 + Math.round((i * (AGES - 1)) / (orders.length - 1))]));
}

function patchText(extent) {
  const what = extent.coding === "zeros" ? "zeros, written" : extent.coding === "inline" ? "kept in the catalog, written"
    : extent.coding === "reference" ? "part of another object, placed" : `kept as fragments ${extent.coding}, written`;
  return `${range(extent.lo, extent.hi)} (${bytes(extent.hi - extent.lo)}): ${what} ${exactTime(extent.written_ms)}, order ${extent.order}`;
}

/** [lo, hi) of an object: the patch that each byte shows, coloured by age. What was never written is hatched. */
export function drawPatches(extents, lo, hi) {
  const age = ages(extents);
  const top = 4, height = 56;
  const drawn = picture(`Which patch each byte of ${range(lo, hi)} shows; the table below says the same`, (width) => {
    const at = (offset) => ((Math.min(Math.max(offset, lo), hi) - lo) / (hi - lo)) * width;
    const items = extents.map((extent) => {
      const x = at(extent.lo);
      return {
        node: svg("rect", { x, y: top, width: Math.max(at(extent.hi) - x, 1.5), height, class: extent.coding === "zeros" ? "item zeros" : `item age-${age.get(extent.order)}`, "data-order": extent.order }),
        text: patchText(extent),
      };
    });
    const ground = svg("rect", { x: 0, y: top, width, height, fill: "url(#hatch)", class: "ground" });
    return { height: top + height + 26, items, nodes: [hatch(), ground, ...items.map((item) => item.node), ...ticks(lo, hi, width, top + height)] };
  });
  drawn.classList.add("patches");
  const scale = Array.from({ length: AGES }, (_, i) => h("span", { class: `swatch age-${i + 1}` }));
  drawn.append(h("ul", { class: "legend", "aria-hidden": "true" }, h("li", {}, "oldest ", h("span", { class: "scale" }, scale), " newest"), entry("hatched", "zeros, or never written")));
  return drawn;
}

function opText(op) {
  const where = op.name ? `the name ${op.name}` : op.kind === "TRUNC" ? `to ${count(op.lo)} bytes` : op.hi > op.lo ? range(op.lo, op.hi) : "all of the object";
  return `${exactTime(op.at_ms)}: ${op.kind}, ${where}${op.bytes ? `, ${bytes(op.bytes)}` : ""}${op.authentic ? "" : ", NOT AUTHENTIC"}`;
}

/** Ops from the oldest (left) to the newest: what each touched, the object's beginning on top; what is about names is a diamond above. */
export function drawHistory(ops, size) {
  const ordered = [...ops].reverse();
  const extent = Math.max(size, ...ordered.filter((op) => op.kind !== "TRUNC").map((op) => op.hi), 1);
  const head = 22, body = 120, foot = 24, left = 64;
  const drawn = picture("The object's ops in the order in which they happened, with the bytes that each touched; the table below says the same", (width) => {
    const step = Math.min((width - left) / Math.max(ordered.length, 1), 56);
    const y = (offset) => head + (Math.min(offset, extent) / extent) * body;
    const items = ordered.map((op, i) => {
      const x = left + i * step, wide = Math.max(step - Math.min(4, step / 3), 1);
      const kind = `item ${KINDS[op.kind] ?? "other"}${op.authentic ? "" : " forged"}`;
      const touches = op.hi > op.lo;
      const middle = x + wide / 2, r = Math.min(wide / 2, 6);
      const node = touches
        ? svg("rect", { x, y: Math.min(y(op.lo), head + body - 3), width: wide, height: Math.max(y(op.hi) - y(op.lo), 3), class: kind })
        : svg("path", { d: `M${middle} ${10 - r}l${r} ${r}l${-r} ${r}l${-r} ${-r}z`, class: kind });
      return { node, text: opText(op) };
    });
    const ground = svg("rect", { x: left, y: head, width: Math.max(step * ordered.length, width - left), height: body, class: "ground plain" });
    const labels = [[0, "byte 0", head + 10], [extent, bytes(extent), head + body - 2]].map(([, text, at]) =>
      svg("text", { x: left - 8, y: at, "text-anchor": "end", class: "tick-text" }, text));
    const ends = ordered.length > 0 && [svg("text", { x: left, y: head + body + 18, class: "tick-text" }, `older ← ${exactTime(ordered[0].at_ms)}`),
      width > 620 && ordered.length > 1 && svg("text", { x: width, y: head + body + 18, "text-anchor": "end", class: "tick-text" }, `${exactTime(ordered.at(-1).at_ms)} → newer`)];
    return { height: head + body + foot, items, nodes: [hatch(), ground, ...items.map((item) => item.node), ...labels, ends || []] };
  });
  drawn.classList.add("history");
  const kinds = [["write", "write"], ["zero", "zeros, size"], ["clone", "copy"], ["rehome", "merge (rehome)"], ["bind", "name given"], ["unbind", "name taken"]];
  drawn.append(h("ul", { class: "legend", "aria-hidden": "true" }, kinds.map(([style, text]) => entry(style, text))));
  return drawn;
}
