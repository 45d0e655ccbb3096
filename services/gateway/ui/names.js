// A bucket: its names, folded at "/", with uploads and deletes for those who have a key.
import { ask as askApi } from "./api.js";
import { bucketAddress } from "./buckets.js";
import { ask } from "./dialogs.js";
import { button, h, table } from "./dom.js";
import { bytes, time } from "./format.js";
import { deleteBucket, deleteObject, download, keyId, uploadFile } from "./s3.js";
import { transfer } from "./transfers.js";

export const objectAddress = (bucket, name) => `#/objects/${encodeURIComponent(bucket)}/${encodeURIComponent(name)}`;

/** The way to a prefix or a name, each step a link. */
export function breadcrumbs(bucket, name) {
  const parts = name.split("/");
  const steps = parts.slice(0, -1).map((part, i) => [part || "(empty)", parts.slice(0, i + 1).join("/") + "/"]);
  return h("nav", { class: "crumbs", "aria-label": "Where you are" },
    h("a", { href: "#/" }, "Buckets"), " / ", h("a", { href: bucketAddress(bucket) }, bucket),
    steps.map(([part, prefix]) => [" / ", h("a", { href: bucketAddress(bucket, prefix) }, part)]),
    parts.at(-1) && [" / ", h("span", { "aria-current": "page" }, parts.at(-1))]);
}

/** Asks, deletes; true if it is gone. */
export function confirmDelete(bucket, name) {
  return ask({
    title: "Delete this object?",
    label: "Delete",
    danger: true,
    content: [h("p", { class: "name long" }, name), h("p", {}, "Nobody will find it by this name any more. Its bytes go when no history needs them.")],
    act: () => deleteObject(bucket, name),
  });
}

export function startDownload(bucket, name, size) {
  return transfer("Download", name, size, (onprogress, signal) => download(bucket, name, size, onprogress, signal));
}

async function upload(bucket, prefix, files, refresh) {
  const all = [...files].map((file) =>
    transfer("Upload", prefix + file.name, file.size, (onprogress, signal) => uploadFile(bucket, prefix + file.name, file, onprogress, signal)));
  for (const one of all) if (await one) refresh();
}

function uploader(bucket, prefix, refresh) {
  const input = h("input", {
    type: "file", multiple: true, id: "files", class: "visually-hidden",
    onchange: () => {
      upload(bucket, prefix, input.files, refresh);
      input.value = "";
    },
  });
  const zone = h("div", { class: "drop" }, input, h("label", { for: "files", class: "as-button primary" }, "Upload files"),
    h("span", { class: "hint" }, "or drop them here", prefix && ["; they go to ", h("span", { class: "name" }, prefix)]));
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    upload(bucket, prefix, event.dataTransfer.files, refresh);
  });
  return zone;
}

function rowOf(bucket, prefix, entry, refresh) {
  const shown = entry.name.slice(prefix.lastIndexOf("/") + 1);
  const remove = async () => {
    if (await confirmDelete(bucket, entry.name)) refresh();
  };
  return [
    h("a", { href: objectAddress(bucket, entry.name), class: "name" }, shown || "(the prefix itself)"),
    bytes(entry.size),
    time(entry.modified_ms),
    h("span", { class: "row-actions" },
      button("Download", () => startDownload(bucket, entry.name, entry.size), { "aria-label": `Download ${entry.name}` }),
      keyId() && button("Delete", remove, { "aria-label": `Delete ${entry.name}`, class: "quiet" })),
  ];
}

const folderRow = (bucket, prefix, folder) => [
  h("a", { href: bucketAddress(bucket, folder), class: "name folder" }, folder.slice(prefix.lastIndexOf("/") + 1)), "", "", ""];

function empty(bucket, prefix) {
  if (prefix) return h("div", { class: "empty" }, h("p", { class: "empty-title" }, "No name begins so"),
    h("p", {}, "Names are compared exactly, capitals included."));
  const remove = async () => {
    const done = await ask({
      title: "Delete this bucket?", label: "Delete", danger: true,
      content: [h("p", { class: "name long" }, bucket), h("p", {}, "It is empty. Its name is free again afterwards.")],
      act: () => deleteBucket(bucket),
    });
    if (done) location.hash = "#/";
  };
  return h("div", { class: "empty" }, h("p", { class: "empty-title" }, "This bucket is empty"),
    h("p", {}, keyId() ? "Upload the first object above." : "Enter an access key to upload."),
    keyId() && button("Delete the bucket", remove, { class: "quiet" }));
}

function filter(bucket, prefix) {
  const form = h("form", { class: "filter", role: "search" },
    h("label", {}, h("span", {}, "Names that begin with"), h("input", { name: "prefix", value: prefix, autocomplete: "off", spellcheck: "false" })),
    h("button", { type: "submit" }, "Show"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    location.hash = bucketAddress(bucket, new FormData(form).get("prefix"));
  });
  return form;
}

const COLUMNS = [{ title: "Name" }, { title: "Size", number: true }, { title: "Modified" }, { title: "" }];

export async function showNames(into, { bucket, prefix, refresh }) {
  const page = (after) => askApi("names", { bucket, prefix, delimiter: "/", after });
  const first = await page("");
  const rowsOf = ({ prefixes, names }) => [
    ...prefixes.map((folder) => folderRow(bucket, prefix, folder)), ...names.map((entry) => rowOf(bucket, prefix, entry, refresh))];
  into.append(breadcrumbs(bucket, prefix), h("h1", {}, bucket), filter(bucket, prefix));
  if (keyId()) into.append(uploader(bucket, prefix, refresh));
  let rows = rowsOf(first), next = first.next;
  const place = h("div", {});
  const draw = () => {
    place.replaceChildren(rows.length ? table("Objects", COLUMNS, rows, { id: "names" }) : empty(bucket, prefix));
    if (next !== null) place.append(h("p", {}, button("Show more", more)));
  };
  const more = async () => {
    const again = await page(next);
    rows = rows.concat(rowsOf(again));
    next = again.next;
    draw();
  };
  draw();
  into.append(place);
}
