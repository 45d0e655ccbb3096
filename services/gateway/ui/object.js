// One object: its facts, its patches and its history, and what can be done to it.
import { Trouble, ask as askApi } from "./api.js";
import { bucketAddress } from "./buckets.js";
import { ask, field } from "./dialogs.js";
import { button, h, table } from "./dom.js";
import { bytes, count, exactBytes, exactTime, range, time } from "./format.js";
import { breadcrumbs, confirmDelete, startDownload } from "./names.js";
import { KINDS, drawHistory, drawPatches } from "./pictures.js";
import { headObject, keyId, patchObject } from "./s3.js";

const fact = (title, ...content) => h("div", { class: "fact" }, h("dt", {}, title), h("dd", {}, ...content));

async function askPatch(bucket, name, size) {
  const text = h("textarea", { name: "text", rows: "3", spellcheck: "false" });
  return ask({
    title: "Write bytes",
    label: "Write",
    content: [
      h("p", {}, `They replace what stands there, all else stays, and it costs what they cost. The object has ${exactBytes(size)}; at ${count(size)} they are appended.`),
      field("At byte", { name: "offset", type: "number", min: "0", max: String(size), step: "1", value: String(size), required: true, autofocus: true }),
      h("label", { class: "field" }, h("span", {}, "These characters (UTF-8)"), text),
      field("Or the bytes of a file", { name: "file", type: "file" }),
    ],
    act: async (form) => {
      const offset = Number(form.get("offset")), file = form.get("file");
      if (form.get("offset") === "" || !Number.isInteger(offset) || offset < 0 || offset > size) throw new Trouble(`Where? Enter a number from 0 to ${count(size)}.`);
      const body = file.size > 0 ? await file.arrayBuffer() : new TextEncoder().encode(form.get("text")).buffer;
      if (body.byteLength === 0) throw new Trouble("What? Enter some characters, or choose a file that is not empty.");
      await patchObject(bucket, name, offset, body);
    },
  });
}

// What is sealed beside the name needs a key, and S3's permission.
async function showSealed(list, bucket, name) {
  try {
    const { type, etag } = await headObject(bucket, name);
    list.append(fact("Type", type), fact("ETag", h("code", {}, etag)));
  } catch (trouble) {
    list.append(fact("Type and ETag", trouble.message));
  }
}

function actions(bucket, name, object, refresh) {
  const change = async (asked) => {
    if (await asked) refresh();
  };
  return h("div", { class: "actions" },
    button("Download", () => startDownload(bucket, name, object.size), { class: "primary" }),
    keyId() && button("Write bytes", () => change(askPatch(bucket, name, object.size))),
    keyId() && button("Delete", () => change(confirmDelete(bucket, name)), { class: "quiet" }));
}

// ---- patches ----

const PATCH_COLUMNS = [{ title: "From byte", number: true }, { title: "To byte", number: true }, { title: "Length", number: true },
  { title: "Written" }, { title: "Kept as" }, { title: "Order" }];
const CODINGS = { zeros: "zeros", reference: "part of another object", inline: "in the catalog" };

function patchRow(extent, size) {
  const hi = Math.min(extent.hi, size);
  return [count(extent.lo), count(hi - 1), bytes(hi - extent.lo), exactTime(extent.written_ms),
    CODINGS[extent.coding] ?? `fragments, ${extent.coding}`, h("code", {}, extent.order)];
}

function rangeForm(size, lo, hi, show) {
  const input = (label, name, value) =>
    h("label", {}, h("span", {}, label), h("input", { name, type: "number", min: "0", max: String(size), step: "1", value: String(value) }));
  const form = h("form", { class: "filter range" }, input("From byte", "lo", lo), input("up to byte", "hi", Math.max(hi - 1, 0)),
    h("button", { type: "submit" }, "Show"), button("Whole object", () => show(0, size)));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const data = new FormData(form);
    const from = Math.max(0, Number(data.get("lo"))), to = Math.min(size, Number(data.get("hi")) + 1);
    if (from < to) show(from, to);
  });
  return form;
}

function sentence(extents, lo, hi, size) {
  const patches = new Set(extents.filter((extent) => extent.coding !== "zeros").map((extent) => extent.order)).size;
  const where = lo === 0 && hi >= size ? `all ${exactBytes(size)}` : `${range(lo, hi)} of ${exactBytes(size)}`;
  const what = patches === 1 ? "the bytes of 1 patch show" : `the bytes of ${count(patches)} patches show`;
  return `In ${where}, ${what}, in ${count(extents.length)} ${extents.length === 1 ? "piece" : "pieces"}.`;
}

async function showPatches(into, bucket, object) {
  const { size } = object;
  if (size === 0) {
    into.replaceChildren(h("div", { class: "empty" }, h("p", { class: "empty-title" }, "An empty object"), h("p", {}, "It has no bytes, so no patch shows.")));
    return;
  }
  const show = async (lo, hi) => {
    const page = await askApi("extents", { bucket, object: object.object, lo, hi });
    const end = page.covered_hi;
    const short = end < hi && h("p", { class: "note" }, `There are more: these are the first ${count(page.extents.length)}, up to byte ${count(end - 1)}. `,
      button("Go on there", () => show(end, hi)));
    const rows = page.extents.map((extent) => patchRow(extent, size));
    into.replaceChildren(
      h("p", { id: "patches-said" }, sentence(page.extents, lo, end, size)), short || "",
      drawPatches(page.extents, lo, end),
      h("details", { open: rows.length <= 12 }, h("summary", {}, `As a table (${count(rows.length)})`), table("Visible patches", PATCH_COLUMNS, rows, { id: "patches" })),
      rangeForm(size, lo, end, show));
  };
  await show(0, size);
}

// ---- history ----

const OP_COLUMNS = [{ title: "When" }, { title: "Op" }, { title: "What" }, { title: "Bytes brought", number: true }, { title: "Op id" }];

function what(op) {
  if (op.name) return h("span", { class: "name" }, op.name);
  if (op.kind === "TRUNC") return `to ${count(op.lo)} bytes`;
  return op.hi > op.lo ? range(op.lo, op.hi) : "";
}

function opRow(op) {
  return [exactTime(op.at_ms), h("span", { class: `op ${KINDS[op.kind] ?? "other"}`, title: op.kind }, op.kind),
    [what(op), !op.authentic && h("strong", { class: "forged" }, " not authentic: no member of the bucket made it")],
    op.bytes ? bytes(op.bytes) : "", h("code", {}, op.op)];
}

async function showHistory(into, bucket, object) {
  let ops = [], next = "";
  const more = async () => {
    const page = await askApi("history", { bucket, object: object.object, ...(next && { before: next }) });
    const known = new Set(ops.map((op) => op.op));
    ops = ops.concat(page.ops.filter((op) => !known.has(op.op)));
    next = page.next;
    into.replaceChildren(
      h("p", { id: "history-said" }, next === null ? `${count(ops.length)} ${ops.length === 1 ? "op" : "ops"} made this object what it is.` : `The newest ${count(ops.length)} ops.`),
      drawHistory(ops, object.size),
      h("details", { open: ops.length <= 12 }, h("summary", {}, `As a table (${count(ops.length)})`), table("Ops, newest first", OP_COLUMNS, ops.map(opRow), { id: "ops" })),
      next === null ? "" : h("p", {}, button("Show older ones", more)));
  };
  await more();
}

async function showNameHistory(into, bucket, name) {
  const { values } = await askApi("name-history", { bucket, name });
  const rows = values.map((value) => [exactTime(value.at_ms), value.object === null ? "deleted" : [h("code", {}, value.object), value.current ? " (now)" : ""]]);
  into.replaceChildren(rows.length ? table("What the name was bound to, newest first", [{ title: "When" }, { title: "Object" }], rows, { id: "name-history" })
    : h("p", { class: "hint" }, "Nothing is kept of this name."));
}

/** A part of the view that looks by itself: what fails there leaves the rest. */
function section(title, show) {
  const place = h("div", {}, h("p", { class: "hint" }, "Looking…"));
  show(place).catch((trouble) => place.replaceChildren(h("p", { class: "trouble", role: "alert" }, trouble.message)));
  return h("section", {}, h("h2", {}, title), place);
}

export async function showObject(into, { bucket, name, refresh }) {
  const names = section("What this name was", (place) => showNameHistory(place, bucket, name));
  let object;
  try {
    object = await askApi("object", { bucket, name });
  } catch (trouble) {
    if (trouble.code !== "NoSuchKey") throw trouble;
    into.append(breadcrumbs(bucket, name), h("h1", { class: "name long" }, name),
      h("div", { class: "empty" }, h("p", { class: "empty-title" }, "No object has this name now"),
        h("p", {}, "It may have been deleted or renamed. ", h("a", { href: bucketAddress(bucket) }, "Look at the bucket"))), names);
    return;
  }
  const facts = h("dl", { class: "facts", id: "facts" },
    fact("Size", exactBytes(object.size)), fact("Changed", time(object.changed_ms)), fact("Named", time(object.named_ms)),
    fact("Object", h("code", {}, object.object)), fact("Version of the content", h("code", {}, object.version)));
  if (keyId()) showSealed(facts, bucket, name);
  into.append(breadcrumbs(bucket, name), h("div", { class: "title-line" }, h("h1", { class: "name long" }, name), actions(bucket, name, object, refresh)),
    facts,
    section("Patches that show", (place) => showPatches(place, bucket, object)),
    section("History", (place) => showHistory(place, bucket, object)),
    names);
}
