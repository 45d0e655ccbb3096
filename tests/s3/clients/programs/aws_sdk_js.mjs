// Steps by aws-sdk-js v3; see sdk.py.
import { createReadStream, createWriteStream, readFileSync, statSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream/promises";
import {
  CopyObjectCommand, CreateBucketCommand, DeleteBucketCommand, DeleteObjectCommand, DeleteObjectsCommand, GetObjectCommand,
  PutObjectCommand, S3Client, paginateListObjectsV2,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

const s3 = new S3Client({ endpoint: process.env.S3_URL, region: process.env.AWS_REGION, forcePathStyle: true });

// Larger files as streams: the library sends those in chunks, with the checksum as a trailer.
async function put(Bucket, Key, file) {
  const ContentLength = statSync(file).size;
  const Body = ContentLength < 100_000 ? readFileSync(file) : createReadStream(file);
  await s3.send(new PutObjectCommand({ Bucket, Key, Body, ContentLength }));
}

async function get(Bucket, Key, file, Range) {
  const answer = await s3.send(new GetObjectCommand({ Bucket, Key, Range }));
  await pipeline(answer.Body, createWriteStream(file));
}

async function list(Bucket, Prefix, Delimiter, file) {
  const lines = [];
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket, Prefix, Delimiter: Delimiter || undefined })) {
    for (const item of page.Contents ?? []) lines.push(`K\t${item.Key}\n`);
    for (const item of page.CommonPrefixes ?? []) lines.push(`P\t${item.Prefix}\n`);
  }
  writeFileSync(file, lines.join(""));
}

async function deleteMany(Bucket, ...keys) {
  const answer = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: keys.map((Key) => ({ Key })) } }));
  if (answer.Errors?.length) throw new Error(JSON.stringify(answer.Errors));
}

const copySource = (bucket, key) => `${bucket}/${key.split("/").map(encodeURIComponent).join("/")}`;

const steps = {
  make: (Bucket) => s3.send(new CreateBucketCommand({ Bucket })),
  put,
  // A stream, whose length the library does not know.
  multipart: (Bucket, Key, file) =>
    new Upload({ client: s3, params: { Bucket, Key, Body: createReadStream(file) }, partSize: 5 << 20, queueSize: 2 }).done(),
  get,
  range: (bucket, key, first, last, file) => get(bucket, key, file, `bytes=${first}-${last}`),
  list,
  copy: (Bucket, key, Key) => s3.send(new CopyObjectCommand({ Bucket, Key, CopySource: copySource(Bucket, key) })),
  presign: (Bucket, Key) => getSignedUrl(s3, new GetObjectCommand({ Bucket, Key }), { expiresIn: 600 }),
  presign_put: (Bucket, Key) => getSignedUrl(s3, new PutObjectCommand({ Bucket, Key }), { expiresIn: 600 }),
  delete: (Bucket, Key) => s3.send(new DeleteObjectCommand({ Bucket, Key })),
  delete_many: deleteMany,
  remove: (Bucket) => s3.send(new DeleteBucketCommand({ Bucket })),
};

for await (const line of createInterface({ input: process.stdin })) {
  const [step, ...fields] = line.split("\t");
  try {
    const value = await steps[step](...fields);
    console.log(`ok\t${typeof value === "string" ? value : ""}`);
  } catch (error) {
    const status = error?.$metadata?.httpStatusCode ?? "";
    console.log(`error\t${String(error)} ${status} ${String(error?.cause ?? "")}`.replaceAll("\n", " "));
  }
}
