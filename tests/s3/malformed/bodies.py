"""Bodies in aws-chunked form, POST forms, and PATCH: framing, signatures of chunks, trailers, policies, ranges."""
import base64
import datetime
import json
import zlib

from suite.chunks import SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER, encode
from suite.harness import md5
from suite.topic_forms import BOUNDARY, ISO
from suite.topic_forms import encode as encode_form
from suite.topic_forms import sign as sign_policy
from suite.topic_patch_bodies import message, multipart

from .table import CONTENT, Request, Row, Site, prepare, signing

CRC = base64.b64encode(zlib.crc32(CONTENT).to_bytes(4, "big"))
TRAILER = {"x-amz-checksum-crc32": CRC.decode()}
LINE = b"x-amz-checksum-crc32:" + CRC + b"\r\n"
BODY = CONTENT * 2000


def chunked(site: Site, name, payload, change=lambda pieces: pieces, *, body=BODY, sizes=None, trailers=None, headers=None,
            length="", statuses=(400, 403), key="object") -> Row:
    """`change` spoils the list of chunks; `length`: what x-amz-decoded-content-length says, None: nothing."""
    given = {"Content-Encoding": "aws-chunked", **(headers or {})}
    if length is not None:
        given["x-amz-decoded-content-length"] = length or str(len(body))
    if trailers:
        given.setdefault("x-amz-trailer", ",".join(trailers))
    request = prepare("PUT", f"/{site.bucket}/{key}", headers=given, payload=payload)
    request.drop("Content-Length")
    chain = signing.sign(request, payload) if payload != UNSIGNED_TRAILER else None
    pieces = change(encode(body, chain, sizes or [8192, 8192, len(body) - 16384], trailers, payload == SIGNED_TRAILER))
    request.body = b"".join(pieces)
    request.headers.append(("Content-Length", str(len(request.body))))
    return Row(name, request.head() + request.body, statuses, "PUT")


def first(old, new):
    return lambda pieces: [pieces[0].replace(old, new, 1)] + pieces[1:]


def last(old, new):
    return lambda pieces: pieces[:-1] + [pieces[-1].replace(old, new, 1)]


# Of chunks with and without signatures: the first one begins with "2000".
FRAMES = {
    "no number": first(b"2000", b"g"), "negative": first(b"2000", b"-2000"), "with a sign": first(b"2000", b"+2000"), "with 0x": first(b"2000", b"0x2000"),
    "a blank first": first(b"2000", b" 2000"), "empty size": first(b"2000", b""), "beyond 64 bits": first(b"2000", b"f" * 17), "a kilobyte of digits": first(b"2000", b"0" * 1024 + b"2000"),
    "a size too small": first(b"2000", b"1fff"), "a size too large": first(b"2000", b"2001"), "LF ends the line": first(b"\r\n", b"\n"), "no line end": first(b"\r\n", b""),
    "NUL in the size": first(b"2000", b"2000\0"), "a head of 20 KB": first(b"2000", b"2000;" + b"x" * 20_000), "no line end behind the data": lambda pieces: [pieces[0][:-2]] + pieces[1:],
    "other bytes behind the data": lambda pieces: [pieces[0][:-2] + b"xx"] + pieces[1:], "no last chunk": lambda pieces: pieces[:-1], "only the last chunk": lambda pieces: pieces[-1:],
    "the last chunk first": lambda pieces: pieces[-1:] + pieces, "something behind the last chunk": lambda pieces: pieces + [b"x"], "another last chunk": lambda pieces: pieces + pieces[-1:],
    "a chunk is missing": lambda pieces: pieces[1:], "a chunk twice": lambda pieces: pieces[:1] + pieces, "chunks in another order": lambda pieces: [pieces[1], pieces[0]] + pieces[2:],
    "cut in a head": lambda pieces: [pieces[0], pieces[1][:3]], "cut in data": lambda pieces: [pieces[0], pieces[1][:1000]], "nothing": lambda pieces: [],
    "not in chunks": lambda pieces: [BODY], "one byte else": lambda pieces: [pieces[0].replace(b"0123456789", b"0123456780", 1)] + pieces[1:],
}
SIGNATURES = {
    "no signature": first(b";chunk-signature=", b";x="), "another name": first(b"chunk-signature", b"chunk-colour"), "63 digits": lambda pieces: [pieces[0].replace(pieces[0][21:23], pieces[0][21:22], 1)] + pieces[1:],
    "zeros": lambda pieces: [pieces[0][:21] + b"0" * 64 + pieces[0][85:]] + pieces[1:], "no digits": first(b"chunk-signature=", b"chunk-signature=g"),
    "an empty signature": lambda pieces: [pieces[0][:21] + pieces[0][85:]] + pieces[1:], "the last chunk's is another's": lambda pieces: pieces[:-1] + [pieces[-1][:18] + b"0" * 64 + pieces[-1][82:]],
    "another's signature": lambda pieces: [pieces[1][:85] + pieces[0][85:]] + pieces[1:],
}
TRAILERS = {
    "another checksum": last(CRC, b"AAAAAA=="), "a checksum that is none": last(CRC, b"x"), "an empty checksum": last(CRC, b""), "no colon": last(b"crc32:", b"crc32"),
    "another name": last(b"crc32:", b"crc16:"), "no name": last(b"x-amz-checksum-crc32:", b":"), "none": last(LINE, b""),
    "twice": last(LINE, LINE * 2), "cut": lambda pieces: pieces[:-1] + [pieces[-1][:-6]],
    "one that was not announced": last(b"x-amz-checksum-crc32", b"x-amz-checksum-sha1:" + b"A" * 27 + b"=\r\nx-amz-checksum-crc32"), "a long one": last(CRC, b"A" * 20_000), "10,000 of them": last(b"x-amz", b"x:y\r\n" * 10_000 + b"x-amz"),
}


def chunks(site: Site):
    for name, change in FRAMES.items():
        yield chunked(site, f"chunks: {name}", SIGNED, change)
        if name not in ("one byte else", "chunks in another order"):  # nobody can know
            yield chunked(site, f"unsigned chunks: {name}", UNSIGNED_TRAILER, change)
    for name, change in SIGNATURES.items():
        yield chunked(site, f"chunks: {name}", SIGNED, change)
    for name, change in TRAILERS.items():
        yield chunked(site, f"trailer: {name}", UNSIGNED_TRAILER, change, body=CONTENT, sizes=[10], trailers=TRAILER)
        yield chunked(site, f"signed trailer: {name}", SIGNED_TRAILER, change, body=CONTENT, sizes=[10], trailers=TRAILER)
    for name, old in {"another signature of trailers": b"x-amz-trailer-signature:", "no signature of trailers": b"x-amz-trailer-signature"}.items():
        yield chunked(site, f"signed trailer: {name}", SIGNED_TRAILER, last(old, old + b"0" if old.endswith(b":") else b"x-other"), body=CONTENT, sizes=[10], trailers=TRAILER)
    for name, length in {"none": None, "a word": "many", "negative": "-1", "too small": "19999", "too large": "20001", "beyond 64 bits": "9" * 20, "0": "0", "hexadecimal": "0x4e20"}.items():
        yield chunked(site, f"x-amz-decoded-content-length: {name}", SIGNED, length=length, statuses=(400, 403, 411))


# ---- forms ----

def form(site: Site, name, fields=None, *, conditions=(), minutes=10, change=None, file=CONTENT, kind=None, raw=None, spoil=None, statuses=(400, 403)) -> Row:
    """A form that would be taken, but for what is given. `change` of its policy before it is signed, `spoil` of all fields behind, `raw` of the body."""
    now, keys = signing.now(), signing.keys()
    given = {"key": "form"} | (fields or {}) | {"x-amz-algorithm": "AWS4-HMAC-SHA256", "x-amz-credential": f"{keys.access_key}/{now:%Y%m%d}/{signing.REGION}/s3/aws4_request",
                                                "x-amz-date": f"{now:%Y%m%dT%H%M%SZ}"}
    policy = {"expiration": (now + datetime.timedelta(minutes=minutes)).strftime(ISO), "conditions": [{"bucket": site.bucket}, *({key: value} for key, value in given.items()), *conditions]}
    policy = change(policy) if change else json.dumps(policy)
    text = base64.b64encode(policy.encode() if isinstance(policy, str) else policy).decode()
    given |= {"policy": text} | sign_policy(text)
    given = spoil(given) if spoil else given
    body = encode_form(list(given.items()), file)
    body = raw(body) if raw else body
    headers = [("Host", site.endpoint.netloc), ("Content-Type", kind or f"multipart/form-data; boundary={BOUNDARY}"), ("Content-Length", str(len(body)))]
    request = Request("POST", f"/{site.bucket}", headers, body)
    return Row(f"form: {name}", request.head() + body, statuses, "POST")


def without(field):
    return lambda given: {name: value for name, value in given.items() if name != field}


def having(**values):
    return lambda given: given | {name.replace("_", "-"): value for name, value in values.items()}


KINDS = {"no boundary": "multipart/form-data", "an empty boundary": "multipart/form-data; boundary=", "another boundary": "multipart/form-data; boundary=other", "a boundary of 100": "multipart/form-data; boundary=" + "x" * 100,
         "another type": "application/x-www-form-urlencoded", "another multipart": f"multipart/mixed; boundary={BOUNDARY}", "plain text": "text/plain", "a type that is none": "multipart", "two boundaries": "multipart/form-data; boundary=a; boundary=b",
         "a quote that does not end": 'multipart/form-data; boundary="' + BOUNDARY}
POLICIES = {"no JSON": lambda policy: "x", "empty": lambda policy: "", "a list": lambda policy: "[]", "no expiration": lambda policy: json.dumps(without("expiration")(policy)), "no conditions": lambda policy: json.dumps(without("conditions")(policy)),
            "an expiration that is none": lambda policy: json.dumps(policy | {"expiration": "soon"}), "a number for an expiration": lambda policy: json.dumps(policy | {"expiration": 1}), "conditions that are none": lambda policy: json.dumps(policy | {"conditions": "all"}),
            "an unknown condition": lambda policy: json.dumps(policy | {"conditions": policy["conditions"] + [["ends-with", "$key", "x"]]}), "a condition of two": lambda policy: json.dumps(policy | {"conditions": policy["conditions"] + [["eq", "$key"]]}),
            "a condition of numbers": lambda policy: json.dumps(policy | {"conditions": policy["conditions"] + [[1, 2, 3]]}), "a range turned around": lambda policy: json.dumps(policy | {"conditions": policy["conditions"] + [["content-length-range", 9, 1]]}),
            "a range of words": lambda policy: json.dumps(policy | {"conditions": policy["conditions"] + [["content-length-range", "a", "b"]]}), "not UTF-8": lambda policy: b"\xff\xfe", "nested 10,000 deep": lambda policy: "[" * 10_000,
            "text behind it": lambda policy: json.dumps(policy) + "x", "a key of another": lambda policy: json.dumps(policy).replace('"form"', '"other"'), "another bucket": lambda policy: json.dumps(policy).replace(policy["conditions"][0]["bucket"], "other")}
SPOILED = {"no key": without("key"), "no policy": without("policy"), "no signature": without("x-amz-signature"), "no credential": without("x-amz-credential"), "no date": without("x-amz-date"), "no algorithm": without("x-amz-algorithm"),
           "another signature": having(x_amz_signature="0" * 64), "a signature that is none": having(x_amz_signature="x"), "another algorithm": having(x_amz_algorithm="AWS4-HMAC-SHA1"), "a credential that is none": having(x_amz_credential="x"),
           "another's credential": having(x_amz_credential="AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/s3/aws4_request"), "a date that is none": having(x_amz_date="now"), "a policy that is no base64": having(policy="%%%"), "an empty policy": having(policy=""),
           "a field that the policy does not know": having(x_amz_meta_a="b"), "another key": having(key="other"), "an empty key": having(key=""), "a long key": having(key="k" * 1025), "30 KB in a field": having(**{"x-ignore-a": "a" * 30_000}),
           "101 fields": having(**{f"x-ignore-{i}": "a" for i in range(101)}), "an acl that is not served": having(acl="public-read-write")}


def forms(site: Site):
    for name, kind in KINDS.items():
        yield form(site, name, kind=kind)
    for name, change in POLICIES.items():
        yield form(site, f"policy: {name}", change=change)
    for name, spoil in SPOILED.items():
        yield form(site, name, spoil=spoil)
    yield form(site, "no file", file=None)
    yield form(site, "expired", minutes=-1)
    yield form(site, "a file too large", conditions=[["content-length-range", 1, 9]])
    yield form(site, "a file too small", conditions=[["content-length-range", 11, 20]])
    end = f"--{BOUNDARY}--\r\n".encode()
    for name, raw in {"no end": lambda body: body[:-len(end)], "cut in the file": lambda body: body[:-len(end) - 5], "empty": lambda body: b"", "only an end": lambda body: end, "text before the boundary's line end": lambda body: body.replace(b"\r\n", b"x\r\n", 1),
                      "a part without a name": lambda body: body.replace(b' name="key"', b"", 1), "a part without fields": lambda body: body.replace(b'Content-Disposition: form-data; name="key"', b"", 1), "a field twice": lambda body: body[:body.index(b"--", 9)] + body,
                      "a part that is no form's": lambda body: body.replace(b"form-data;", b"attachment;", 1), "a part's field of 20 KB": lambda body: body.replace(b"form-data;", b"form-data; x=" + b"y" * 20_000 + b";", 1), "bytes that are no form": lambda body: bytes(range(256)) * 20}.items():
        yield form(site, name, raw=raw)


# ---- PATCH ----

RANGES = {"a word": "bytes", "empty": "", "no unit": "0-9/*", "another unit": "items 0-9/*", "no size": "bytes 0-9", "empty size": "bytes 0-9/", "turned around": "bytes 9-0/*", "negative": "bytes -5--1/*", "of the end": "bytes -5/*", "a star for a range": "bytes */*",
          "longer than the body": "bytes 0-10/*", "shorter than the body": "bytes 0-8/*", "beyond 64 bits": "bytes 0-99999999999999999999/*", "behind the largest object": f"bytes {1 << 43}-{(1 << 43) + 9}/*", "at 2^63": "bytes 9223372036854775807-/*",
          "two": "bytes 0-4,5-9/*", "a fraction": "bytes 0.0-9/*", "hexadecimal": "bytes 0x0-0x9/*", "with signs": "bytes +0-+9/*", "blanks": "bytes 0 - 9 / *", "two units": "bytes bytes 0-9/*", "a size that is set, and a body": "bytes */10", "an equals sign": "bytes=0-9/*",
          "digits of another script": "bytes ٠-٩/*", "a kilobyte": "bytes 0-" + "9" * 1024 + "/*", "behind the end": "bytes 11-20/*"}
SIZES = {"negative": "bytes */-1", "a word": "bytes */x", "beyond 64 bits": "bytes */99999999999999999999", "too large": f"bytes */{1 << 43}", "hexadecimal": "bytes */0x5", "a fraction": "bytes */5.0"}
MULTIPARTS = {"no parts": multipart(), "a part without a range": multipart(message(None, b"abc")), "overlapping": multipart(message("bytes 0-2/*", b"abc"), message("bytes 2-4/*", b"abc")), "twice the same": multipart(message("bytes 0-2/*", b"abc"), message("bytes 0-2/*", b"abc")),
              "behind the end": multipart(message("bytes 20-22/*", b"abc")), "a malformed range": multipart(message("bytes x/*", b"abc")), "shorter than it says": multipart(message("bytes 0-5/*", b"abc")), "longer than it says": multipart(message("bytes 0-1/*", b"abc")),
              "no end": multipart(message("bytes 0-2/*", b"abc"), end=""), "empty": b"", "only an end": b"------a-boundary--\r\n", "1,001 parts": multipart(*(message(f"bytes {i}-{i}/*", b"x") for i in range(1001))), "the second one behind a hole": multipart(message("bytes 0-2/*", b"abc"), message("bytes 30-32/*", b"abc")),
              "a field without colon": multipart(message("bytes 0-2/*", b"abc", "x\r\n")), "a field of 40 KB": multipart(message("bytes 0-2/*", b"abc", "x: " + "y" * 40_000 + "\r\n")), "another boundary": multipart(message("bytes 0-2/*", b"abc"), boundary="other"), "not even that": bytes(range(256)) * 8}
TYPES = {"no boundary": "multipart/byteranges", "an empty boundary": "multipart/byteranges; boundary=", "a boundary of 100": "multipart/byteranges; boundary=" + "x" * 100}
FIELDS = {"another object": {"If-Match": '"x"'}, "changed since": {"If-Unmodified-Since": "Thu, 01 Jan 2026 00:00:00 GMT"}, "an empty token": {"x-amz-client-token": ""}, "a token of 65": {"x-amz-client-token": "t" * 65}, "a token with a tab": {"x-amz-client-token": "a\tb"},
          "another MD5": {"Content-MD5": md5(b"other")}, "another CRC32": {"x-amz-checksum-crc32": "AAAAAA=="}, "only if it is not there": {"If-None-Match": "*"}}


def patches(site: Site):
    statuses = (400, 403, 412, 416)
    for name, value in RANGES.items():
        yield site.of_object(f"PATCH: {name}", "PATCH", statuses, body=CONTENT, headers={"Content-Range": value})
    for name, value in SIZES.items():
        yield site.of_object(f"PATCH of the size: {name}", "PATCH", statuses, headers={"Content-Range": value})
    for name, body in MULTIPARTS.items():
        yield site.of_object(f"PATCH of several: {name}", "PATCH", statuses, body=body, headers={"Content-Type": "multipart/byteranges; boundary=----a-boundary"})
    for name, kind in TYPES.items():
        yield site.of_object(f"PATCH of several: {name}", "PATCH", body=MULTIPARTS["overlapping"], headers={"Content-Type": kind})
    for name, body in {"no range": message(None, b"abc"), "empty": b"", "no empty line": b"Content-Range: bytes 0-2/*\r\nabc", "a length unknown": message(None, b"abc", "Content-Offset: 4\r\n"), "two ranges": message("bytes 0-2/*", b"abc", "Content-Range: bytes 0-2/*\r\n"), "a range that is none": message("bytes x", b"abc")}.items():
        yield site.of_object(f"PATCH by a message: {name}", "PATCH", statuses, body=body, headers={"Content-Type": "message/byterange"})
    for name, headers in FIELDS.items():
        yield site.of_object(f"PATCH: {name}", "PATCH", statuses, body=b"abc", headers={"Content-Range": "bytes 0-2/*"} | headers)
    yield site.of_object("PATCH: no range at all", "PATCH", body=b"abc")
    yield site.of_object("PATCH: an empty body", "PATCH", headers={"Content-Range": "bytes 0-/*"})
    yield site.of_object("PATCH: in the field and in the body", "PATCH", body=MULTIPARTS["overlapping"], headers={"Content-Range": "bytes 0-2/*", "Content-Type": "multipart/byteranges; boundary=----a-boundary"})
    yield site.of_object("PATCH: no length", "PATCH", (400, 411), headers={"Content-Range": "bytes 0-2/*"}, change=lambda request: request.drop("Content-Length"))
    yield site.signed("PATCH: an object that there is not", "PATCH", f"/{site.bucket}/missing", (404,), body=b"abc", headers={"Content-Range": "bytes 0-2/*"})
    yield site.of_object("PATCH: two Content-Ranges", "PATCH", (400, 403), body=b"abc", headers=[("Content-Range", "bytes 0-2/*"), ("Content-Range", "bytes 0-2/*")])


# ---- what all the others were made from, and has to be taken ----

def controls(site: Site):
    for payload in (SIGNED, UNSIGNED_TRAILER):
        yield chunked(site, f"control: {payload}", payload, statuses=(200,), key="control")
    for payload in (SIGNED_TRAILER, UNSIGNED_TRAILER):
        yield chunked(site, f"control: {payload} with one", payload, body=CONTENT, sizes=[10], trailers=TRAILER, statuses=(200,), key="control")
    yield form(site, "control", {"key": "control"}, statuses=(204,))
    path, several = f"/{site.bucket}/control", multipart(message("bytes 0-2/*", b"abc"), message("bytes 5-7/*", b"abc"))
    yield site.signed("control: PATCH", "PATCH", path, (200,), body=CONTENT, headers={"Content-Range": "bytes 0-9/*"})
    yield site.signed("control: PATCH of several", "PATCH", path, (200,), body=several, headers={"Content-Type": "multipart/byteranges; boundary=----a-boundary"})
    yield site.signed("control: its end", "DELETE", path, (204,))


def rows(site: Site):
    yield from controls(site)
    yield from chunks(site)
    yield from forms(site)
    yield from patches(site)
