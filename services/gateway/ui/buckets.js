// The buckets of the site.
import { ask as askApi } from "./api.js";
import { ask, field } from "./dialogs.js";
import { button, h, table } from "./dom.js";
import { duration, time } from "./format.js";
import { createBucket, keyId } from "./s3.js";

export const bucketAddress = (bucket, prefix = "") =>
  `#/buckets/${encodeURIComponent(bucket)}${prefix && "/" + encodeURIComponent(prefix)}`;

async function makeBucket() {
  let name = "";
  const done = await ask({
    title: "Create a bucket",
    label: "Create",
    content: field("Name", { name: "name", required: true, autofocus: true }, "3 to 63 characters: lower-case letters, digits, “-” and “.”"),
    act: (form) => createBucket(name = form.get("name").trim()),
  });
  if (done) location.hash = bucketAddress(name);
}

function empty() {
  return h("div", { class: "empty" }, h("p", { class: "empty-title" }, "No buckets yet"),
    h("p", {}, keyId() ? "Create the first one, here or by “pbfs bucket create NAME”."
      : "Enter an access key to create one, or run “pbfs bucket create NAME”."));
}

export async function showBuckets(into) {
  const { buckets } = await askApi("buckets");
  const rows = buckets.map((bucket) => [
    h("a", { href: bucketAddress(bucket.name), class: "name" }, bucket.name),
    bucket.k === null ? "default" : `${bucket.k}+${bucket.m}`,
    duration(bucket.history_ms),
    time(bucket.created_ms),
  ]);
  const columns = [{ title: "Bucket" }, { title: "Code" }, { title: "History kept" }, { title: "Created" }];
  into.append(
    h("div", { class: "title-line" }, h("h1", {}, "Buckets"),
      keyId() && button("Create a bucket", makeBucket, { class: "primary", id: "create-bucket" })),
    rows.length ? table("Buckets", columns, rows, { id: "buckets" }) : empty());
}
