// S3 through the gateway's /s3/, signed in the browser (Signature Version 4). The secret is turned into a key that the browser keeps and
// does not give out again, in memory only: it goes with the page.
import { NO_ANSWER, Trouble, ask, troubleOf } from "./api.js";

const encoder = new TextEncoder();
const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");

let signer = null;  // {id, root: CryptoKey, date, key: CryptoKey of that date}
let site = { region: "us-east-1", ahead_ms: 0 };

/** Whether this browser signs here: only on pages that came over https or from this machine. */
export const canSign = window.isSecureContext && !!globalThis.crypto?.subtle;
export const keyId = () => signer?.id ?? null;
export function forgetKey() {
  signer = null;
}

/** Region and clock of the gateway. */
export async function learnSite() {
  const told = await ask("site");
  site = { region: told.region, ahead_ms: told.now_ms - Date.now() };
}

// ---- signing ----

const importKey = (raw) => crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
const hmac = (key, text) => crypto.subtle.sign("HMAC", key, encoder.encode(text));
const sha256 = async (bytes) => hex(await crypto.subtle.digest("SHA-256", bytes));

async function keyOf(date) {
  if (signer.date === date) return signer.key;
  let raw = await hmac(signer.root, date);
  for (const step of [site.region, "s3", "aws4_request"]) raw = await hmac(await importKey(raw), step);
  signer.key = await importKey(raw);
  signer.date = date;
  return signer.key;
}

const encode = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (c) => "%" + c.charCodeAt(0).toString(16).toUpperCase());
const encodePath = (text) => text.split("/").map(encode).join("/");

function canonicalQuery(query) {
  const pairs = Object.entries(query).map(([name, value]) => [encode(name), encode(value)]);
  return pairs.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0)).map((pair) => pair.join("=")).join("&");
}

const BUCKET_NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

function pathOf(bucket, key) {
  return "/" + (bucket ?? "") + (key === undefined ? "" : "/" + encodePath(key));
}

// Browsers resolve "." and ".." in paths. In a longer key encoded slashes keep them from it.
function wirePath(bucket, key) {
  if (bucket !== undefined && !BUCKET_NAME.test(bucket)) throw troubleOf("InvalidBucketName", "", 400, true);
  if (key === "." || key === "..") {
    throw new Trouble("No browser can ask for an object named “.” or “..”. Use the command line pbfs, or another client of S3.", "InvalidURI", 400);
  }
  const dots = key !== undefined && key.split("/").some((part) => part === "." || part === "..");
  return "/s3" + (dots ? `/${bucket}/${encode(key)}` : pathOf(bucket, key));
}

const amzDate = () => new Date(Date.now() + site.ahead_ms).toISOString().replace(/[-:]|\.\d+/g, "");

async function signature(method, path, query, headers, payload, date) {
  const names = Object.keys(headers).sort();
  const canonical = [method, path, query, ...names.map((name) => `${name}:${headers[name].trim()}`), "", names.join(";"), payload].join("\n");
  const scope = `${date.slice(0, 8)}/${site.region}/s3/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", date, scope, await sha256(encoder.encode(canonical))].join("\n");
  return hex(await hmac(await keyOf(date.slice(0, 8)), text));
}

async function signedHeaders(method, bucket, key, query, headers, payload) {
  if (!signer) return headers;
  const date = amzDate();
  const signed = { ...headers, host: location.host, "x-amz-content-sha256": payload, "x-amz-date": date };
  const proof = await signature(method, pathOf(bucket, key), canonicalQuery(query), signed, payload, date);
  delete signed.host;  // the browser sends it
  signed.authorization = `AWS4-HMAC-SHA256 Credential=${signer.id}/${date.slice(0, 8)}/${site.region}/s3/aws4_request,` +
    `SignedHeaders=${Object.keys({ ...signed, host: "" }).sort().join(";")},Signature=${proof}`;
  return signed;
}

// ---- requests ----

const XML = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'" };
/** The text of the first element of this name. */
function element(text, name) {
  const found = new RegExp(`<${name}>([^<]*)</${name}>`).exec(text);
  return found ? found[1].replace(/&(amp|lt|gt|quot|apos);/g, (entity) => XML[entity]) : "";
}

const BARE = { 403: "AccessDenied", 404: "NoSuchKey" };  // answers to HEAD have no document
const failure = (status, text) =>
  troubleOf(element(text, "Code") || (BARE[status] ?? ""), element(text, "Message"), status, signer !== null);

/** One request. `body`: an ArrayBuffer. Resolves with {text, header(name)}; throws Trouble. XMLHttpRequest, since fetch does not tell how far
 * an upload is. */
async function send(method, { bucket, key, query = {}, headers = {}, body, type, onprogress, signal } = {}) {
  const payload = canSign ? await sha256(body ?? new ArrayBuffer(0)) : "";
  const signed = await signedHeaders(method, bucket, key, query, headers, payload);
  const search = canonicalQuery(query);
  const url = wirePath(bucket, key) + (search && "?" + search);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    for (const [name, value] of Object.entries(signed)) request.setRequestHeader(name, value);
    if (body) request.setRequestHeader("Content-Type", type || "application/octet-stream");
    if (onprogress) request.upload.onprogress = (event) => onprogress(event.loaded);
    request.onload = () => {
      const text = request.responseText;
      if (request.status >= 400 || text.includes("<Error>")) return reject(failure(request.status, text));
      resolve({ text, header: (name) => request.getResponseHeader(name) ?? "" });
    };
    request.onerror = () => reject(new Trouble(NO_ANSWER));
    request.onabort = () => reject(new DOMException("stopped", "AbortError"));
    signal?.addEventListener("abort", () => request.abort());
    signal?.aborted ? reject(new DOMException("stopped", "AbortError")) : request.send(body);
  });
}

/** Takes a key if the gateway knows it; else throws Trouble and keeps none. */
export async function useKey(id, secret) {
  await learnSite();
  signer = { id, root: await importKey(encoder.encode("AWS4" + secret)) };
  try {
    await send("GET");
  } catch (trouble) {
    if (trouble.code === "AccessDenied") return;  // known, but not allowed to list buckets
    signer = null;
    throw trouble;
  }
}

export const createBucket = (bucket) => send("PUT", { bucket });
export const deleteBucket = (bucket) => send("DELETE", { bucket });
export const deleteObject = (bucket, key) => send("DELETE", { bucket, key });

/** Type, ETag and the user's metadata of an object. */
export async function headObject(bucket, key) {
  const answer = await send("HEAD", { bucket, key });
  return { type: answer.header("Content-Type"), etag: answer.header("ETag").replaceAll('"', "") };
}

/** Writes `body` (an ArrayBuffer) at `offset`; all else of the object stays. */
export function patchObject(bucket, key, offset, body) {
  return send("PATCH", { bucket, key, body, headers: { "content-range": `bytes ${offset}-${offset + body.byteLength - 1}/*` } });
}

// ---- uploads ----

const MIB = 1 << 20;
const PART = 16 * MIB;  // at least; what is smaller goes in one request
const SIDE_BY_SIDE = 3;
const TRIES = 4;

const isPassing = (trouble) => trouble instanceof Trouble && (trouble.status === 0 || trouble.status >= 500);

// A network that fails for a moment costs a part, not the upload.
async function insist(attempt, signal) {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (trouble) {
      if (tries === TRIES || signal.aborted || !isPassing(trouble)) throw trouble;
      await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** tries));
    }
  }
}

async function read(blob) {
  try {
    return await blob.arrayBuffer();
  } catch {
    throw new Trouble("The file cannot be read. It may have been changed, moved or deleted meanwhile; choose it again.");
  }
}

async function uploadParts(bucket, key, upload, file, onprogress, signal) {
  const size = Math.max(PART, Math.ceil(file.size / 10000 / MIB) * MIB);  // S3 has at most 10,000 parts
  const etags = [], sent = [];
  let next = 0;
  const tell = (part, loaded) => {
    sent[part] = loaded;
    onprogress(sent.reduce((sum, bytes) => sum + (bytes ?? 0), 0));
  };
  const work = async () => {
    for (let part = next++; part * size < file.size; part = next++) {
      const body = await read(file.slice(part * size, (part + 1) * size));
      const query = { partNumber: String(part + 1), uploadId: upload };
      const answer = await insist(() => send("PUT", { bucket, key, query, body, signal, onprogress: (loaded) => tell(part, loaded) }), signal);
      etags[part] = answer.header("ETag");
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
  const parts = etags.map((etag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${etag.replaceAll('"', "&quot;")}</ETag></Part>`);
  return encoder.encode(`<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`).buffer;
}

/** All of a File as an object. `onprogress(bytes)`. Of an upload that fails or is stopped nothing is left. */
export async function uploadFile(bucket, key, file, onprogress, signal) {
  const type = file.type || "application/octet-stream";
  if (file.size <= PART) {
    const body = await read(file);
    return insist(() => send("PUT", { bucket, key, body, type, onprogress, signal }), signal);
  }
  const begun = await send("POST", { bucket, key, query: { uploads: "" }, body: new ArrayBuffer(0), type, signal });
  const query = { uploadId: element(begun.text, "UploadId") };
  const all = new AbortController();  // one part that fails stops the others
  signal.addEventListener("abort", () => all.abort());
  try {
    const body = await uploadParts(bucket, key, query.uploadId, file, onprogress, all.signal);
    return await insist(() => send("POST", { bucket, key, query, body, type: "application/xml", signal }), signal);
  } catch (trouble) {
    all.abort();
    await send("DELETE", { bucket, key, query }).catch(() => {});  // what is left of it goes after 7 days all the same
    throw trouble;
  }
}

// ---- downloads ----

/** Above this the browser stores an object by itself, without it passing through the page's memory. */
const IN_MEMORY = 256 * MIB;
const URL_SECONDS = 600;

function save(href, name) {
  const link = document.createElement("a");
  link.href = href;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
}

async function urlOf(bucket, key) {
  if (!signer) return wirePath(bucket, key);
  const date = amzDate();
  const query = {
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": `${signer.id}/${date.slice(0, 8)}/${site.region}/s3/aws4_request`,
    "X-Amz-Date": date, "X-Amz-Expires": String(URL_SECONDS), "X-Amz-SignedHeaders": "host",
  };
  const proof = await signature("GET", pathOf(bucket, key), canonicalQuery(query), { host: location.host }, "UNSIGNED-PAYLOAD", date);
  return `${wirePath(bucket, key)}?${canonicalQuery(query)}&X-Amz-Signature=${proof}`;
}

async function fetchInto(bucket, key, onprogress, signal) {
  const headers = await signedHeaders("GET", bucket, key, {}, {}, canSign ? await sha256(new ArrayBuffer(0)) : "");
  const pieces = [];
  let got = 0;
  try {
    const answer = await fetch(wirePath(bucket, key), { headers, signal, cache: "no-store" });
    if (!answer.ok) throw failure(answer.status, await answer.text());
    for (const reader = answer.body.getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) return new Blob(pieces);
      pieces.push(value);
      onprogress(got += value.length);
    }
  } catch (trouble) {
    if (trouble instanceof Trouble || trouble.name === "AbortError") throw trouble;
    throw new Trouble(got > 0 ? "The connection broke on the way, and nothing was stored. Try again." : NO_ANSWER);
  }
}

/** Stores an object as a file. Returns a text that says where it is if that is not here. */
export async function download(bucket, key, size, onprogress, signal) {
  const name = key.slice(key.lastIndexOf("/") + 1) || "object";
  if (size > IN_MEMORY) {
    await send("HEAD", { bucket, key, signal });  // may we? Once the browser stores, nobody can say why not
    save(await urlOf(bucket, key), name);
    return "handed to the browser's downloads";
  }
  const blob = await fetchInto(bucket, key, onprogress, signal);
  const url = URL.createObjectURL(blob);
  save(url, name);
  setTimeout(() => URL.revokeObjectURL(url), 60000);
  return "";
}
