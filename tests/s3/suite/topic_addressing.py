"""Keys: any UTF-8 of 1 to 1024 bytes, decoded once and never normalised."""
import re
import unicodedata
from urllib.parse import unquote_to_bytes

from . import wire
from .harness import BucketCase, call, client, expect, parse_xml, prepare, query_of, quote, rows, texts

KEYS = {
    "blank": "a b", "blanks around": " a ", "only a blank": " ", "plus": "a+b", "percent": "50%",
    "escape": "%41",
    "escaped slash": "a%2Fb", "two slashes": "a//b", "slash first": "/a", "two slashes first": "//a",
    "only a slash": "/", "only slashes": "///", "slash last": "a/", "dot": ".", "dots": "..",
    "dot inside": "a/./b",
    "dots inside": "a/../b", "dots first": "../../etc/passwd", "dots last": "a/..", "dot last": "a/.",
    "question mark": "a?b", "hash": "a#b", "semicolon": "a;b", "colon": "a:b", "at": "a@b", "equals": "a=b",
    "ampersand": "a&b", "markup": "<a>&amp;\"'</a>", "CDATA end": "a]]>b", "backslash": "a\\b",
    "quote": "a\"b",
    "apostrophe": "it's", "star": "a*b", "brackets": "a[1]{2}(3)", "pipe": "a|b", "caret": "a^b",
    "backtick": "a`b",
    "tilde": "~a", "exclamation": "a!$,", "tab": "a\tb", "newline": "a\nb", "carriage return": "a\rb",
    "control 1": "a\x01b", "control 31": "a\x1fb", "delete": "a\x7fb", "C1 control": "a\x85b",
    "composed": unicodedata.normalize("NFC", "é"), "decomposed": unicodedata.normalize("NFD", "é"),
    "Latin": "ünïcödé", "Greek": "Ωμέγα", "Cyrillic": "привет", "CJK": "日本語", "Arabic": "مرحبا",
    "right to left mark": "a\u202eb", "zero width joiner": "a\u200db", "only a combining mark": "\u0301",
    "byte order mark": "\ufeffa", "no-break space": "a\u00a0b", "line separator": "a\u2028b",
    "emoji": "👩‍👩‍👧",
    "U+FFFD": "a\ufffdb", "U+FFFE": "a\ufffeb", "U+FFFF": "a\uffffb", "U+E000": "\ue000",
    "U+10FFFF": "\U0010ffff",
    "1 byte": "k", "1024 bytes": "k" * 1024, "1024 bytes of 2": "é" * 512, "1024 bytes of 4": "😀" * 256,
    "1024 bytes of slashes": "/" * 1024, "like a sub-resource": "acl", "like a query": "?acl",
    "like JSON": '{"a":1}',
}

PAIRS = {
    "slash or two": ("a/b", "a//b"), "slash last or not": ("a", "a/"), "slash first or not": ("a", "/a"),
    "dot or not": ("a/b", "a/./b"), "up or not": ("b", "a/../b"), "case": ("a", "A"),
    "case of ß": ("ß", "ss"),
    "composed or not": ("\u00e9", "e\u0301"), "blank or plus": ("a b", "a+b"),
    "plus or its escape": ("a+b", "a%2Bb"),
    "slash or its escape": ("a/b", "a%2Fb"), "blank last or not": ("a", "a "), "full width": ("a", "ａ"),
    "Kelvin sign": ("K", "\u212a"), "zero width": ("a", "a\u200b"),
}


class Keys(BucketCase):
    @rows(KEYS)
    def test_goes_through_all_operations(self, key):
        body = quote(key).encode()
        self.put(body, key)
        self.must_be(body, key)
        expect(self.head(key), 200, {"Content-Length": str(len(body))})
        found = client().list_objects_v2(Bucket=self.bucket, Prefix=key, MaxKeys=1)["Contents"]
        self.assertEqual([entry["Key"] for entry in found], [key])
        expect(self.send("PATCH", key, headers={"Content-Range": "bytes 0-0/*"}, body=b"!"), 200)
        self.must_be(b"!" + body[1:], key)
        expect(self.send("DELETE", key), 204)
        self.must_be_missing(key)


class Pairs(BucketCase):
    @rows(PAIRS)
    def test_are_two_objects(self, one, other):
        self.put(b"one", one)
        self.must_be_missing(other)
        self.put(b"other", other)
        self.must_be(b"one", one)
        expect(self.send("DELETE", other), 204)
        self.must_be(b"one", one)
        expect(self.send("DELETE", one), 204)


class Spellings(BucketCase):
    @rows({"escaped letter": ("abc", "%61bc"), "lower case hex": ("é/ü", "%c3%a9/%c3%bc"),
           "escaped slash": ("a/b", "a%2Fb"),
           "escaped slash, lower case": ("a/c", "a%2fc"), "bare exclamation": ("a!b", "a!b"),
           "bare plus": ("c+d", "c+d"),
           "bare at and colon": ("a@b:c", "a@b:c"), "bare equals and ampersand": ("a=b&c", "a=b&c"),
           "escaped tilde": ("~x", "%7Ex"), "escaped dots": ("x/../y", "x/%2E%2E/y"),
           "bare star": ("a*", "a*"),
           "bare parentheses": ("a(1)", "a(1)"), "bare apostrophe": ("a'b", "a'b"),
           "bare semicolon": ("a;b", "a;b"),
           "escaped slash last": ("dir/", "dir%2F")})
    def test_names_the_same_object(self, key, spelling):
        self.put(b"content", key)
        expect(call("GET", f"/{self.bucket}/{spelling}"), 200, body=b"content")
        expect(call("DELETE", f"/{self.bucket}/{spelling}"), 204)
        self.must_be_missing(key)

    def test_a_slash_after_the_bucket_is_the_bucket(self):
        expect(call("HEAD", f"/{self.bucket}/"), 200)
        self.assertEqual(parse_xml(expect(call("GET", f"/{self.bucket}/"), 200)).tag, "ListBucketResult")


METHODS = {"PUT": {}, "GET": {}, "HEAD": {}, "DELETE": {}, "PATCH": {"Content-Range": "bytes 0-0/*"}}


class Refused(BucketCase):
    @rows({f"{method} {name}": (method, key) for method in METHODS
           for name, key in (("1025 bytes", "k" * 1025), ("1025 bytes in 513 characters", "é" * 512 + "k"))})
    def test_too_long(self, method, key):
        body = b"x" if method in ("PUT", "PATCH") else b""
        expect(self.send(method, key, headers=METHODS[method], body=body), 400, code="KeyTooLongError")

    @rows({"percent alone": "a%", "one digit": "a%4", "no digits": "a%zz", "second no digit": "a%4g",
           "sign": "a%+1",
           "two percents": "a%%41", "a byte of none": "%FF", "continuation alone": "%80", "cut short": "a%C3",
           "overlong": "%C0%80", "overlong slash": "%C0%AF", "overlong of 3": "%E0%80%AF",
           "surrogate": "%ED%A0%80",
           "surrogate pair": "%ED%A0%BD%ED%B8%80", "beyond U+10FFFF": "%F4%90%80%80",
           "of 5": "%F8%88%80%80%80",
           "Latin-1": "caf%E9", "NUL": "a%00b"})
    def test_no_utf8(self, spelling):
        expect(call("PUT", f"/{self.bucket}/{spelling}", body=b"x"), 400, code="InvalidURI")
        expect(call("GET", f"/{self.bucket}/{spelling}"), 400, code="InvalidURI")

    @rows({"percent alone": "prefix=%", "no digits": "prefix=%zz", "no UTF-8": "prefix=%FF", "name": "%FF=1",
           "NUL": "prefix=%00"})
    def test_query(self, query):
        expect(self.of_bucket("GET", query), 400, code="InvalidURI")

    def test_copy_source_too_long(self):
        expect(self.send("PUT", "to", headers={"x-amz-copy-source": f"{self.bucket}/{'k' * 1025}"}), 400,
               code="KeyTooLongError")

    @rows({"no key": "{bucket}", "no key but a slash": "{bucket}/", "empty bucket": "//a",
           "bad escape": "{bucket}/%zz",
           "no UTF-8": "{bucket}/%FF"})
    def test_copy_source(self, source):
        headers = {"x-amz-copy-source": source.format(bucket=self.bucket)}
        expect(self.send("PUT", "to", headers=headers), 400, code="InvalidArgument")
        self.must_be_missing("to")


class Queries(BucketCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for key in ("a b", "a+b", "c/d", "é"):
            expect(call("PUT", f"/{cls.bucket}/{quote(key)}", body=b"x"), 200)

    def keys(self, query):
        return texts(parse_xml(expect(self.of_bucket("GET", query), 200)), "Contents/Key")

    @rows({"escaped blank": ("prefix=a%20", ["a b"]), "escaped plus": ("prefix=a%2B", ["a+b"]),
           "bare slash": ("prefix=c/", ["c/d"]), "escaped slash": ("prefix=c%2F", ["c/d"]),
           "lower case hex": ("prefix=%c3%a9", ["é"]), "escaped name": ("pre%66ix=c", ["c/d"]),
           "empty": ("prefix=", ["a b", "a+b", "c/d", "é"]),
           "without equals": ("prefix", ["a b", "a+b", "c/d", "é"])})
    def test_parameter_is_decoded_once(self, query, keys):
        pairs = [pair.partition("=")[::2] for pair in query.split("&")]
        canonical = query_of({unquote_to_bytes(name): unquote_to_bytes(value) for name, value in pairs})
        self.assertEqual(self.keys(query) if canonical == query else self.signed_as(canonical, query), keys)

    def signed_as(self, canonical, query):
        """What is signed is the one canonical spelling, whatever the request has."""
        request = prepare("GET", f"/{self.bucket}", query=canonical)
        request.target = f"/{self.bucket}?{query}"
        return texts(parse_xml(expect(wire.exchange(wire.http_endpoint(), request), 200)), "Contents/Key")

    @rows({"x-id": "x-id=GetObject", "unknown": "foo=bar", "unknown without value": "foo",
           "of another case": "ACL",
           "empty name": "=a"})
    def test_unknown_parameter_is_ignored(self, query):
        expect(self.send("GET", "c/d", query=query), 200, {"Content-Type": re.compile(".*/octet-stream")},
               body=b"x")
