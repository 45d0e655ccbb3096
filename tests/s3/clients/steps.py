"""The steps that every client goes through, and the bucket of 2,500 keys that all of them list."""
import concurrent.futures
import os
import ssl
import urllib.error
import urllib.request

from common import Differs, equal, random_bytes, read, same, same_names, write

LISTING = "clients-listing"
# 1,200 folders of a key each, and one folder of 1,300 keys: each kind of list takes two pages of 1,000 at least, all keys take three.
FOLDERS = [f"folder-{i:04}/" for i in range(1200)]
MANY = [f"many/key-{i:04}" for i in range(1300)]
KEYS = sorted([folder + "key" for folder in FOLDERS] + MANY)
CONTENT = b"listed\n"

PLAIN = "plain"
ODD = "a folder/ü+b &c=%25 (1)~.bin"
BIG = "big"
PART_BYTES = 5 << 20
BIG_BYTES = 3 * PART_BYTES + 1_000_003


def make_listing(site):
    """Makes the bucket of 2,500 keys, or what is missing of it."""
    if LISTING not in [bucket["Name"] for bucket in site.s3.list_buckets()["Buckets"]]:
        site.s3.create_bucket(Bucket=LISTING)
    pages = site.s3.get_paginator("list_objects_v2").paginate(Bucket=LISTING)
    there = {item["Key"] for page in pages for item in page.get("Contents", [])}
    missing = [key for key in KEYS if key not in there]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        for _ in pool.map(lambda key: site.s3.put_object(Bucket=LISTING, Key=key, Body=CONTENT), missing):
            pass
    if there - set(KEYS):
        raise SystemExit(f"s3-clients: bucket {LISTING} has other keys: {sorted(there - set(KEYS))[:3]}")


def clear(site, bucket):
    """Removes a bucket with all in it, if it is there."""
    if bucket not in [found["Name"] for found in site.s3.list_buckets()["Buckets"]]:
        return
    for page in site.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        keys = [{"Key": item["Key"]} for item in page.get("Contents", [])]
        if keys:
            site.s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
    site.s3.delete_bucket(Bucket=bucket)


def stored(site, bucket, key):
    return site.s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def present(site, bucket):
    return [item["Key"] for item in site.s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def uploads(client, bucket, step):
    """PUTs of no byte, of some and of odd names; each read back by the client and by another."""
    for key, size in (("empty", 0), (PLAIN, 1_000_007), (ODD, 4099)):
        data = random_bytes(size, key)
        client.put(bucket, key, write(os.path.join(client.work, "up"), data))
        same(f"{key!r} put by the client, read by another", stored(client.site, bucket, key), data)
        client.get(bucket, key, os.path.join(client.work, f"down-{size}"))
        same(f"{key!r} read by the client", read(os.path.join(client.work, f"down-{size}")), data)
    step("put get")


def multipart(client, bucket, step):
    data = random_bytes(BIG_BYTES, BIG)
    client.multipart(bucket, BIG, write(os.path.join(client.work, "big"), data))
    etag = client.site.s3.head_object(Bucket=bucket, Key=BIG)["ETag"]
    if client.checked_parts and "-" not in etag:
        raise Differs(f"an upload of {BIG_BYTES} bytes has the ETag {etag}: not of several parts")
    same("multipart upload read by another", stored(client.site, bucket, BIG), data)
    client.get(bucket, BIG, os.path.join(client.work, "down-big"))
    same("multipart upload read by the client", read(os.path.join(client.work, "down-big")), data)
    if hasattr(client, "copy"):
        client.copy(bucket, BIG, "big copy")
        same("copy of it read by another", stored(client.site, bucket, "big copy"), data)
    step("multipart")


def ranges(client, bucket, step):
    data = random_bytes(1_000_007, PLAIN)
    for first, last in ((0, 0), (65_533, 131_090), (1_000_000, 1_000_006)):
        target = os.path.join(client.work, f"range-{first}")
        client.range(bucket, PLAIN, first, last, target)
        same(f"range {first}-{last}", read(target), data[first:last + 1])
    step("range")


def lists(client, step):
    for prefix, delimiter, keys, prefixes in (("", "", KEYS, []), ("", "/", [], FOLDERS + ["many/"]), ("many/", "/", MANY, [])):
        listed, folders = client.list(LISTING, prefix, delimiter)
        same_names(f"keys with prefix {prefix!r}, delimiter {delimiter!r}", listed, keys)
        same_names(f"common prefixes with prefix {prefix!r}, delimiter {delimiter!r}", folders, prefixes)
    step(f"list of {len(KEYS)}")


def copies(client, bucket, step):
    client.copy(bucket, ODD, "copies/of " + ODD)
    same("copy read by another", stored(client.site, bucket, "copies/of " + ODD), random_bytes(4099, ODD))
    target = os.path.join(client.work, "down-copy")
    client.get(bucket, "copies/of " + ODD, target)
    same("copy read by the client", read(target), random_bytes(4099, ODD))
    step("copy")


def tree(folder):
    """The bytes of each file below a folder."""
    files = [os.path.join(at, name) for at, _, names in os.walk(folder) for name in names]
    return {os.path.relpath(file, folder): read(file) for file in files}


def syncs(client, bucket, step):
    """A folder goes up, changes, goes up again; what is there then comes down."""
    source, target = os.path.join(client.work, "source"), os.path.join(client.work, "target")
    os.makedirs(os.path.join(source, "inner"))
    os.makedirs(target)
    for number in range(20):
        write(os.path.join(source, f"{'inner/' * (number % 2)}file {number}"), random_bytes(1000 + number, number))
    client.sync_up(source, bucket, "sync/")
    os.remove(os.path.join(source, "file 2"))
    write(os.path.join(source, "inner/file 3"), b"changed")
    client.sync_up(source, bucket, "sync/")
    keys = [key for key in present(client.site, bucket) if key.startswith("sync/")]
    equal("a synchronized folder", {key.removeprefix("sync/"): stored(client.site, bucket, key) for key in keys}, tree(source))
    client.sync_down(bucket, "sync/", target)
    equal("a folder synchronized back", tree(target), tree(source))
    step("sync")


def fetch(site, url, data=None):
    """GET of a URL, or PUT of `data`, by a program that knows nothing of S3."""
    context = ssl.create_default_context(cafile=site.ca) if site.tls else None
    request = urllib.request.Request(url, data, method="GET" if data is None else "PUT")
    if data is not None:
        request.add_header("Content-Type", "application/octet-stream")
    try:
        with urllib.request.urlopen(request, context=context, timeout=60) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        raise Differs(f"{request.method} {url.split('?')[0]} by a presigned URL: {error.code} {error.read().decode()[:1500]}") from None


def presigned(client, bucket, step):
    same("presigned GET", fetch(client.site, client.presign(bucket, ODD)), random_bytes(4099, ODD))
    if hasattr(client, "presign_put"):
        fetch(client.site, client.presign_put(bucket, "presigned"), b"by a browser")
        same("presigned PUT", stored(client.site, bucket, "presigned"), b"by a browser")
    step("presign")


def deletes(client, bucket, step):
    client.delete(bucket, PLAIN)
    left = present(client.site, bucket)
    if PLAIN in left:
        raise Differs(f"{PLAIN!r} is still there after its delete")
    if hasattr(client, "delete_many"):
        client.delete_many(bucket, left)
    else:
        for key in left:
            client.delete(bucket, key)
    equal("keys after all were deleted", present(client.site, bucket), [])
    step("delete")


def exercise(client, step):
    """All steps in a bucket of the client's own; `step(name)` notes what ran."""
    bucket = f"clients-{client.name}-{client.site.scheme}"
    clear(client.site, bucket)
    client.make(bucket)
    uploads(client, bucket, step)
    if hasattr(client, "range"):
        ranges(client, bucket, step)
    lists(client, step)
    if hasattr(client, "copy"):
        copies(client, bucket, step)
    if hasattr(client, "sync_up"):
        syncs(client, bucket, step)
    if hasattr(client, "presign"):
        presigned(client, bucket, step)
    if hasattr(client, "multipart"):
        multipart(client, bucket, step)
    deletes(client, bucket, step)
    client.remove(bucket)
    if bucket in [found["Name"] for found in client.site.s3.list_buckets()["Buckets"]]:
        raise Differs(f"bucket {bucket} is still there after its removal")
    step("buckets")
