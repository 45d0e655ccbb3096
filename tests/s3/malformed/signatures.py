"""Signatures that are malformed, of somebody else, of another time or of something else: in fields and in the query."""
import datetime
import re

from botocore.credentials import Credentials

from .table import Site, signing

REFUSED = (400, 403)
X64 = "0" * 64


def swap(pattern, replacement):
    """Changes Authorization."""
    def change(request):
        old = request.get("Authorization")
        new = re.sub(pattern, replacement, old, count=1)
        assert new != old, (pattern, old)
        request.set("Authorization", new)
    return change


def give(name, value):
    return lambda request: request.set(name, value)


def add(name, value=None):
    """Once more."""
    return lambda request: request.headers.append((name, request.get(name) if value is None else value))


def drop(name):
    return lambda request: request.drop(name)


AUTHORIZATIONS = {
    "empty": give("Authorization", ""), "only the algorithm": give("Authorization", "AWS4-HMAC-SHA256"),
    "a bearer's": give("Authorization", "Bearer abc"), "basic": give("Authorization", "Basic YTpi"),
    "version 2": give("Authorization", "AWS AKIDEXAMPLE:c2lnbmF0dXJl"), "version 4a": swap("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
    "an unknown algorithm": swap("HMAC-SHA256", "HMAC-SHA1"), "twice": add("Authorization"), "another one besides": add("Authorization", "Bearer x"),
    "no credential": swap(r"Credential=[^,]*, ?", ""), "no signed headers": swap(r"SignedHeaders=[^,]*, ?", ""),
    "no signature": swap(r", ?Signature=.*", ""), "two credentials": swap(r"(Credential=[^,]*)", r"\1,\1"),
    "two signatures": swap(r"(Signature=.*)", r"\1,\1"), "two lists of headers": swap(r"(SignedHeaders=[^,]*)", r"\1,\1"),
    "an unknown word": swap(r"Signature=", "Colour=red,Signature="), "semicolons": swap(r", ?SignedHeaders", ";SignedHeaders"),
    "no commas": swap(r", ?SignedHeaders", " SignedHeaders"), "lower case words": swap("Credential=", "credential="),
    "empty credential": swap(r"Credential=[^,]*", "Credential="), "empty signature": swap(r"Signature=.*", "Signature="),
    "empty list of headers": swap(r"SignedHeaders=[^,]*", "SignedHeaders="), "quoted signature": swap(r"Signature=(.*)", r'Signature="\1"'),
    "a credential of one word": swap(r"Credential=[^,]*", "Credential=abc"), "a credential of slashes": swap(r"Credential=[^,]*", "Credential=////"),
    "no day": swap(r"/\d{8}/", "/"), "a day too many": swap(r"/(\d{8})/", r"/\1/\1/"), "a day that is none": swap(r"/\d{8}/", "/20269999/"),
    "a day of letters": swap(r"/\d{8}/", "/yyyymmdd/"), "a short day": swap(r"/\d{8}/", "/260101/"), "another day": swap(r"/\d{8}/", "/20010101/"),
    "another region": swap("/us-east-1/", "/eu-west-9/"), "an empty region": swap("/us-east-1/", "//"), "a star for a region": swap("/us-east-1/", "/*/"),
    "another service": swap("/s3/", "/ec2/"), "an empty service": swap("/s3/", "//"), "another end": swap("aws4_request", "aws4_reply"),
    "no end": swap("/aws4_request", ""), "another access key": swap(r"Credential=[^/]*", "Credential=AKIAIOSFODNN7EXAMPLE"),
    "no access key": swap(r"Credential=[^/]*", "Credential="), "a long access key": swap(r"Credential=[^/]*", "Credential=" + "A" * 4096),
    "dots for an access key": swap(r"Credential=[^/]*", "Credential=.."), "a percent in the access key": swap(r"Credential=[^/]*", "Credential=%00"),
    "letters beyond ASCII in the access key": swap(r"Credential=[^/]*", "Credential=ÄKIA"),
    "63 digits": swap(r"Signature=.", "Signature="), "65 digits": swap(r"Signature=", "Signature=0"), "128 digits": swap(r"Signature=", "Signature=" + X64),
    "letters that are no digits": swap(r"Signature=.", "Signature=g"), "zeros": swap(r"Signature=.*", "Signature=" + X64),
    "one digit else": swap(r"Signature=(.)", lambda m: "Signature=" + ("1" if m[1] == "0" else "0")),
    "host is not signed": swap(r"SignedHeaders=host;?", "SignedHeaders="), "the date is not signed": swap(r";x-amz-date", ""),
    "the digest is not signed": swap(r"x-amz-content-sha256;?", ""), "a header that is not there": swap(r"SignedHeaders=", "SignedHeaders=x-ghost;"),
    "a header twice": swap(r"SignedHeaders=host", "SignedHeaders=host;host"), "empty names": swap(r"SignedHeaders=host", "SignedHeaders=host;;"),
    "another order": swap(r"SignedHeaders=host;(.*?),", r"SignedHeaders=\1;host,"),
    "10,000 names": swap(r"SignedHeaders=host", "SignedHeaders=host" + ";a" * 10_000),
}
# What was signed is changed.
CHANGES = {
    "another method": lambda request: setattr(request, "method", "DELETE"),
    "another key": lambda request: setattr(request, "target", request.target + "x"),
    "another bucket": lambda request: setattr(request, "target", "/other" + request.target),
    "a query": lambda request: setattr(request, "target", request.target + "?tagging"),
    "another host": give("Host", "elsewhere.example"), "an amz header behind the signature": give("x-amz-acl", "private"),
    "copies instead": give("x-amz-copy-source", "/other/secret"), "another length to be decoded": give("x-amz-decoded-content-length", "3"),
    "the date again": add("X-Amz-Date"), "two dates": add("X-Amz-Date", "20260101T000000Z"), "the digest again": add("X-Amz-Content-SHA256"),
    "no date": drop("X-Amz-Date"), "no digest": drop("X-Amz-Content-SHA256"), "an empty date": give("X-Amz-Date", ""),
    "an empty digest": give("X-Amz-Content-SHA256", ""), "unsigned instead of a digest": give("X-Amz-Content-SHA256", "UNSIGNED-PAYLOAD"),
    "chunks instead of a digest": give("X-Amz-Content-SHA256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
}
# Signed with these values.
DATES = {
    "a word": "now", "a day only": "20260101", "no Z": "20260101T000000", "a blank": "20260101 000000Z", "month 13": "20261301T000000Z",
    "month 0": "20260001T000000Z", "day 32": "20260132T000000Z", "30 February": "20260230T000000Z", "hour 24": "20260101T240000Z", "minute 60": "20260101T006000Z",
    "year 9999": "99990101T000000Z", "year 0": "00000101T000000Z", "1970": "19700101T000000Z", "negative": "-0260101T000000Z",
    "with hyphens": "2026-01-01T00:00:00Z", "an offset": "20260101T000000+0000", "digits of another script": "٢٠٢٦٠١٠١T000000Z", "a kilobyte": "2" * 1024,
}
DIGESTS = {
    "a word": "abc", "63 digits": "0" * 63, "65 digits": "0" * 65, "no hexadecimal": "g" * 64, "of something else": X64, "base64": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    "an unknown word": "STREAMING-AWS4-HMAC-SHA512-PAYLOAD", "version 4a": "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", "lower case": "unsigned-payload",
    "two words": "UNSIGNED-PAYLOAD UNSIGNED-PAYLOAD",
}
WHEN = {"16 minutes ago": -16, "in 16 minutes": 16, "a day ago": -1440, "in a year": 525_600}


def query(pattern, replacement):
    """Changes the query of a presigned request."""
    def change(request):
        path, _, text = request.target.partition("?")
        new = re.sub(pattern, replacement, text, count=1)
        assert new != text, (pattern, text)
        request.target = path + "?" + new
    return change


PRESIGNED = {
    "no algorithm": query(r"X-Amz-Algorithm=[^&]*&?", ""), "no credential": query(r"X-Amz-Credential=[^&]*&?", ""), "no date": query(r"X-Amz-Date=[^&]*&?", ""),
    "no expiry": query(r"X-Amz-Expires=[^&]*&?", ""), "no signed headers": query(r"X-Amz-SignedHeaders=[^&]*&?", ""),
    "no signature": query(r"&?X-Amz-Signature=[^&]*", ""), "an unknown algorithm": query("HMAC-SHA256", "HMAC-MD5"), "version 4a": query("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
    "a credential of one word": query(r"X-Amz-Credential=[^&]*", "X-Amz-Credential=abc"), "an empty credential": query(r"X-Amz-Credential=[^&]*", "X-Amz-Credential="),
    "another region": query("us-east-1", "eu-west-9"), "another service": query("%2Fs3%2F", "%2Fec2%2F"), "another day": query(r"%2F\d{8}%2F", "%2F20010101%2F"),
    "a date that is none": query(r"X-Amz-Date=[^&]*", "X-Amz-Date=soon"), "an empty date": query(r"X-Amz-Date=[^&]*", "X-Amz-Date="),
    "it expires at once": query(r"X-Amz-Expires=\d+", "X-Amz-Expires=0"), "negative expiry": query(r"X-Amz-Expires=\d+", "X-Amz-Expires=-1"),
    "more than a week": query(r"X-Amz-Expires=\d+", "X-Amz-Expires=604801"), "a word for an expiry": query(r"X-Amz-Expires=\d+", "X-Amz-Expires=never"),
    "an empty expiry": query(r"X-Amz-Expires=\d+", "X-Amz-Expires="), "an expiry with an exponent": query(r"X-Amz-Expires=\d+", "X-Amz-Expires=1e3"),
    "an expiry beyond 64 bits": query(r"X-Amz-Expires=\d+", "X-Amz-Expires=99999999999999999999"), "an expiry with a sign": query(r"X-Amz-Expires=", "X-Amz-Expires=%2B"),
    "another expiry than was signed": query(r"X-Amz-Expires=\d+", "X-Amz-Expires=301"), "63 digits": query(r"X-Amz-Signature=.", "X-Amz-Signature="),
    "65 digits": query(r"X-Amz-Signature=", "X-Amz-Signature=0"), "no digits": query(r"X-Amz-Signature=.", "X-Amz-Signature=g"), "zeros": query(r"X-Amz-Signature=[^&]*", "X-Amz-Signature=" + X64),
    "an empty signature": query(r"X-Amz-Signature=[^&]*", "X-Amz-Signature="), "an empty list of headers": query(r"X-Amz-SignedHeaders=[^&]*", "X-Amz-SignedHeaders="),
    "a header that is not there": query(r"X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders=host%3Bx-ghost"), "parameters besides": query(r"$", "&response-content-type=text%2Fhtml"),
    "the algorithm twice": query(r"(X-Amz-Algorithm=[^&]*)", r"\1&\1"), "the expiry twice": query(r"(X-Amz-Expires=)(\d+)", r"\g<1>604800&\1\2"),
    "the signature twice": query(r"(X-Amz-Signature=[^&]*)", r"\1&\1"), "a field as well": give("Authorization", "AWS4-HMAC-SHA256 Credential=a"),
    "version 2": lambda request: setattr(request, "target", request.target.partition("?")[0] + "?AWSAccessKeyId=AKID&Expires=1&Signature=x"),
    "another method": lambda request: setattr(request, "method", "DELETE"), "a bad escape": query(r"$", "&x=%zz"),
    "an amz header that is not signed": give("x-amz-acl", "private"),
}


def rows(site: Site):
    for name, change in AUTHORIZATIONS.items():
        yield site.of_object(f"Authorization: {name}", "GET", REFUSED, change=change)
    for name, change in CHANGES.items():
        yield site.of_object(f"signed otherwise: {name}", "PUT", REFUSED, body=b"x", change=change)
    for name, date in DATES.items():
        yield site.of_object(f"X-Amz-Date: {name}", "GET", REFUSED, change=give("X-Amz-Date", date))
        if name != "1970":
            yield site.of_object(f"Date: {name}", "GET", REFUSED, headers={"Date": "Thu, 01 Jan 1970 00:00:00 GMT"}, change=give("Date", date))
    for name, digest in DIGESTS.items():
        yield site.of_object(f"X-Amz-Content-SHA256: {name}", "PUT", REFUSED, body=b"x", payload=digest)
    for name, minutes in WHEN.items():
        when = signing.now() + datetime.timedelta(minutes=minutes)
        yield site.of_object(f"signed {name}", "GET", REFUSED, when=when)
        if minutes < 0:
            yield site.of_object(f"presigned {name}", "GET", REFUSED, when=when, auth="query")
        else:
            yield site.of_object(f"presigned {name}", "GET", REFUSED, when=when, auth="query", expires=60)
    keys = signing.keys()
    for name, credentials in {"a secret that is not its": Credentials(keys.access_key, "x" * 40), "an empty secret": Credentials(keys.access_key, "-"),
                              "a key that nobody has": Credentials("AKIAIOSFODNN7EXAMPLE", keys.secret_key)}.items():
        for auth in ("header", "query"):
            yield site.of_object(f"{name}, in the {auth}", "GET", REFUSED, credentials=credentials, auth=auth)
    for name, region in {"another region": "eu-west-9", "a region with a slash": "us/east"}.items():
        yield site.of_object(f"signed for {name}", "GET", REFUSED, region=region)
    yield site.of_object("signed for another service", "GET", REFUSED, service="ec2")
    for name, change in PRESIGNED.items():
        yield site.of_object(f"presigned: {name}", "GET", REFUSED, auth="query", change=change)
