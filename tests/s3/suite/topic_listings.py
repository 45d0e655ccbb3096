"""Listings V1, V2 and of versions: each page against a model of the keys."""
import bisect
import random
import re
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from html import unescape
from urllib.parse import unquote_plus

from .harness import (ISO_DATE, QUOTED_ETAG, BucketCase, call, client, expect, parse_xml, query_of, quote,
                      rows,
                      texts)

KEYS = sorted({
    "a", "a/", "a/1", "a/2", "a/b/1", "a/b/2", "a/c", "a0", "ab", "b", "b//1", "b//2", "b/1", "c", "c-1",
    "c-2", "d/",
    "photos/2025/1.jpg", "photos/2025/2.jpg", "photos/2026/1.jpg", "photos/index", "x.y.z", "x.y", "x+y",
    "x y", "x%y",
    "Z", "é", "é/1", "日本/1", "日本/2", "😀", "~", "_", "!",
}, key=str.encode)


def fold(keys: list, prefix: str, delimiter: str, after: str, size: int):
    """One page of a listing by S3's rules: (keys, common prefixes, is there more, where the next begins)."""
    contents, prefixes, last = [], [], after
    for key in keys:
        if not key.startswith(prefix) or key.encode() <= after.encode():
            continue
        end = key.find(delimiter, len(prefix)) if delimiter else -1
        entry = key if end < 0 else key[:end + len(delimiter)]
        if end >= 0 and (entry in prefixes or entry.encode() <= after.encode()):
            continue  # told already, on this page or as the end of the one before
        if len(contents) + len(prefixes) == size:
            return contents, prefixes, True, last
        (contents if end < 0 else prefixes).append(entry)
        last = entry
    return contents, prefixes, False, ""


class Walker:
    """Pages through a listing and compares each page with the model's."""

    ELEMENT = "Contents"
    ROOT = "ListBucketResult"

    def __init__(self, case, bucket, keys):
        self.case, self.bucket, self.keys = case, bucket, keys

    def walk(self, prefix: str, delimiter: str, size: int, start: str = "") -> int:
        after, position, pages = start, self.first(start), 0
        while True:
            query = {"prefix": prefix, "delimiter": delimiter, "max-keys": size, **position}
            page = parse_xml(expect(call("GET", f"/{self.bucket}", query=query), 200,
                                    {"Content-Type": "application/xml"}))
            contents, prefixes, more, after = fold(self.keys, prefix, delimiter, after, size)
            check = self.case.assertEqual
            check(page.tag, self.ROOT)
            check(texts(page, self.ELEMENT + "/Key"), contents)
            check(texts(page, "CommonPrefixes/Prefix"), prefixes)
            check(page.findtext("IsTruncated"), "true" if more else "false")
            check(page.findtext("MaxKeys"), str(size))
            check(page.findtext("Name"), self.bucket)
            check(page.findtext("Prefix"), prefix)
            check(page.findtext("Delimiter"), delimiter or None)
            check(page.findtext("EncodingType"), None)
            position = self.next(page, query, contents, prefixes, more, after)
            pages += 1
            if not more:
                return pages


class V1(Walker):
    def first(self, start):
        return {"marker": start} if start else {}

    def next(self, page, query, contents, prefixes, more, after):
        self.case.assertEqual(page.findtext("Marker"), query.get("marker", ""))
        self.case.assertEqual(page.findtext("NextMarker"), after if more and query["delimiter"] else None)
        return {"marker": after}


class V2(Walker):
    def first(self, start):
        return {"list-type": 2} | ({"start-after": start} if start else {})

    def next(self, page, query, contents, prefixes, more, after):
        check = self.case.assertEqual
        check(page.findtext("KeyCount"), str(len(contents) + len(prefixes)))
        check(page.findtext("StartAfter"), query.get("start-after"))
        check(page.findtext("ContinuationToken"), query.get("continuation-token"))
        token = page.findtext("NextContinuationToken")
        self.case.assertEqual(token is not None, more)
        return {"list-type": 2, "continuation-token": token}


class Versions(Walker):
    ELEMENT = "Version"
    ROOT = "ListVersionsResult"

    def first(self, start):
        return {"versions": ""} | ({"key-marker": start} if start else {})

    def next(self, page, query, contents, prefixes, more, after):
        check = self.case.assertEqual
        check(set(texts(page, "Version/VersionId")), {"null"} if contents else set())
        check(set(texts(page, "Version/IsLatest")), {"true"} if contents else set())
        check(page.findtext("KeyMarker"), query.get("key-marker", ""))
        check(page.findtext("NextKeyMarker"), after if more else None)
        version = page.findtext("NextVersionIdMarker")
        if more and contents and contents[-1] == after:
            check(version, "null")
        return {"versions": "", "key-marker": after} | ({"version-id-marker": version} if version else {})


FORMS = {"V1": V1, "V2": V2, "versions": Versions}


class ListCase(BucketCase):
    keys = KEYS

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with ThreadPoolExecutor(8) as pool:
            for answer in pool.map(lambda key: call("PUT", f"/{cls.bucket}/{quote(key)}", body=key.encode()),
                                   cls.keys):
                expect(answer, 200)


WHAT = {
    "all": ("", ""), "prefix": ("a", ""), "prefix that is a key": ("a/b/1", ""),
    "prefix with slash": ("a/", ""),
    "prefix of none": ("nothing", ""), "prefix not ASCII": ("日", ""), "slash": ("", "/"),
    "prefix and slash": ("a/", "/"),
    "prefix without slash and slash": ("a", "/"), "deep": ("photos/2025/", "/"), "two slashes": ("b/", "/"),
    "another delimiter": ("", "."), "of two characters": ("", "//"), "of many": ("", "photos/"),
    "not ASCII": ("", "本"),
    "letter": ("", "a"), "that none has": ("", "|"), "plus": ("", "+"), "percent": ("x", "%"),
    "blank": ("", " "),
}


class Pages(ListCase):
    @rows({f"{form}, {what}, by {size}": (FORMS[form], *WHAT[what], size) for form in FORMS for what in WHAT
           for size in ((1, 3, 1000) if what in ("all", "slash", "prefix and slash") else (2, 1000))})
    def test_are_the_model_s(self, form, prefix, delimiter, size):
        form(self, self.bucket, self.keys).walk(prefix, delimiter, size)

    @rows({f"{form}, {what}": (FORMS[form], start, delimiter) for form in FORMS for what, start,
           delimiter in (
        ("a key", "a/1", ""), ("between keys", "a/15", ""), ("before all", "\x20", ""),
        ("behind all", "\U0010fffd", ""),
        ("a common prefix", "a/", "/"), ("the last key", "😀", ""), ("not ASCII", "é", ""))})
    def test_begin_behind(self, form, start, delimiter):
        form(self, self.bucket, self.keys).walk("", delimiter, 4, start)

    @rows({form: FORMS[form] for form in FORMS})
    def test_prefix_and_start(self, form):
        form(self, self.bucket, self.keys).walk("photos/", "", 2, "photos/2025/1.jpg")
        form(self, self.bucket, self.keys).walk("photos/", "/", 1, "a")


def random_keys(count: int) -> list:
    chance = random.Random(4)
    return sorted({"".join(chance.choices("ab/-é", k=chance.randint(1, 7))) for _ in range(count)},
                  key=str.encode)


class Random(ListCase):
    keys = random_keys(150)

    @rows({f"{form}, {seed}": (FORMS[form], seed) for form in FORMS for seed in range(12)})
    def test_questions(self, form, seed):
        chance = random.Random(seed)
        key = chance.choice(self.keys)
        prefix = key[:chance.randint(0, 3)]
        delimiter = chance.choice(["", "/", "a", "é", "-/", "b"])
        start = chance.choice(["", chance.choice(self.keys)]) if not delimiter else ""
        form(self, self.bucket, self.keys).walk(prefix, delimiter, chance.choice([1, 2, 5, 7, 50]), start)


class Parameters(ListCase):
    keys = ["a", "b", "c"]

    def page(self, query, status=200, **options):
        return parse_xml(expect(self.of_bucket("GET", query), status, **options))

    LISTINGS = {"V1": {}, "V2": {"list-type": 2}, "versions": {"versions": ""}}

    @rows(LISTINGS)
    def test_max_keys_0_gives_nothing(self, form):
        page = self.page({**form, "max-keys": 0})
        self.assertEqual(texts(page, "*/Key"), [])
        self.assertEqual((page.findtext("MaxKeys"), page.findtext("IsTruncated")), ("0", "false"))

    @rows(LISTINGS)
    def test_max_keys_above_1000_is_1000(self, form):
        page = self.page({**form, "max-keys": 5000})
        self.assertEqual((page.findtext("MaxKeys"), texts(page, "*/Key")), ("1000", ["a", "b", "c"]))

    @rows({f"{form} {value}": (query, value) for form, query in LISTINGS.items()
           for value in ("-1", "x", "1.5", "0x1", "99999999999999999999", "1 ")})
    def test_max_keys_is_refused(self, form, value):
        expect(self.of_bucket("GET", {**form, "max-keys": value}), 400, code="InvalidArgument")

    @rows({f"{form} {value}": (query, value) for form,
           query in LISTINGS.items() for value in ("base64", "URL")})
    def test_encoding_type_is_refused(self, form, value):
        expect(self.of_bucket("GET", {**form, "encoding-type": value}), 400, code="InvalidArgument")

    @rows({value or "empty": value for value in ("1", "3", "ext-v1", "", "x")})
    def test_list_type_is_never_taken_for_another(self, value):
        answer = self.of_bucket("GET", {"list-type": value})
        self.assertIn(answer.status, (400, 501))
        expect(answer, answer.status, code={400: "InvalidArgument", 501: "NotImplemented"}[answer.status])

    @rows({value: value for value in ("x", "!", "AAAA", "1zz", "%", "0" * 5000)})
    def test_continuation_token_is_refused(self, value):
        expect(self.of_bucket("GET", {"list-type": 2, "continuation-token": value}), 400,
               code="InvalidArgument")

    def test_token_wins_over_start_after(self):
        first = self.page({"list-type": 2, "max-keys": 1})
        query = {"list-type": 2, "start-after": "b",
                 "continuation-token": first.findtext("NextContinuationToken")}
        self.assertEqual(texts(self.page(query), "Contents/Key"), ["b", "c"])

    def test_version_id_marker_needs_a_key_marker(self):
        expect(self.of_bucket("GET", {"versions": "", "version-id-marker": "null"}), 400,
               code="InvalidArgument")

    @rows({"V1": ({}, True), "V2": ({"list-type": 2}, False),
           "V2, asked": ({"list-type": 2, "fetch-owner": "true"}, True),
           "V2, not asked": ({"list-type": 2, "fetch-owner": "false"}, False),
           "versions": ({"versions": ""}, True)})
    def test_owner_is_shown(self, query, shown):
        page = self.page(query)
        owners = texts(page, "*/Owner/ID")
        self.assertEqual(len(owners), 3 if shown else 0)
        self.assertTrue(all(owners))

    @rows({"V1": ({}, ["Key", "LastModified", "ETag", "ChecksumAlgorithm", "ChecksumType", "Size", "Owner",
                       "StorageClass"]),
           "V2": ({"list-type": 2},
                  ["Key", "LastModified", "ETag", "ChecksumAlgorithm", "ChecksumType", "Size",
                   "StorageClass"])})
    def test_entries_have_what_s3_has_in_its_order(self, query, elements):
        entry = self.page(query).find("Contents")
        self.assertEqual([element.tag for element in entry], elements)
        self.assertEqual((entry.findtext("Size"), entry.findtext("StorageClass")), ("1", "STANDARD"))
        self.assertRegex(entry.findtext("LastModified"), ISO_DATE)
        self.assertRegex(entry.findtext("ETag"), QUOTED_ETAG)

    def test_entries_say_what_head_says(self):
        entry = self.page({"list-type": 2}).find("Contents")
        head = expect(self.head("a"), 200,
                      {"ETag": entry.findtext("ETag"), "Content-Length": entry.findtext("Size")})
        seconds = parsedate_to_datetime(head.get("Last-Modified")).strftime("%Y-%m-%dT%H:%M:%S")
        self.assertTrue(entry.findtext("LastModified").startswith(seconds))

    def test_unknown_prefix_is_echoed_and_empty(self):
        page = self.page({"list-type": 2, "prefix": "<&>\"'"})
        self.assertEqual((page.findtext("Prefix"), page.findtext("KeyCount")), ("<&>\"'", "0"))


class Empty(BucketCase):
    @rows({"V1": {}, "V2": {"list-type": 2}, "versions": {"versions": ""},
           "V2 by slash": {"list-type": 2, "delimiter": "/"}})
    def test_bucket_has_no_entries(self, query):
        page = parse_xml(expect(self.of_bucket("GET", query), 200))
        self.assertEqual(texts(page, "*/Key") + texts(page, "CommonPrefixes/Prefix"), [])
        self.assertEqual(page.findtext("IsTruncated"), "false")


ODD = ["a b", "a+b", "a%b", "a&b", "<a>", 'a"b', "a'b", "a\tb", "a\nb", "a\rb", "a\x01b", "a\x1fb", "a\x7fb",
       "é", "日本",
       "😀", "a\ufffeb", "a\uffffb", "a]]>b", " a", "a ", "a*b", "a~b", "a(b)", "a/b", "a//b", "a#b", "a?b"]


def decoded(text: str) -> str:
    """Character references as XML has them; html.unescape makes others of those of controls."""
    return re.sub(r"&#(x?)([0-9A-Fa-f]+);", lambda match: chr(int(match[2], 16 if match[1] else 10)), text)


class Odd(ListCase):
    keys = sorted(ODD, key=str.encode)

    def raw_keys(self, query):
        """Without a parser: XML 1.0 has no way to carry some of them, S3 sends references all the same."""
        body = expect(self.of_bucket("GET", query), 200).body.decode()
        return re.findall(r"<Key>(.*?)</Key>", body, re.S)

    @rows({"V1": {}, "V2": {"list-type": 2}, "versions": {"versions": ""}})
    def test_keys_are_url_encoded_when_asked(self, form):
        keys = self.raw_keys({**form, "encoding-type": "url"})
        for key in keys:
            self.assertRegex(key, r"\A[A-Za-z0-9%/_.~*+()!'-]+\Z")
        self.assertEqual([unquote_plus(key) for key in keys], self.keys)

    @rows({"V1": {}, "V2": {"list-type": 2}, "versions": {"versions": ""}})
    def test_keys_are_escaped_otherwise(self, form):
        keys = self.raw_keys(form)
        for key in keys:
            self.assertNotRegex(key,
                                r"[<>\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|&(?!amp;|lt;|gt;|quot;|apos;|#)")
        self.assertEqual([unescape(decoded(key)) for key in keys], self.keys)

    def test_carriage_return_is_a_reference(self):
        keys = self.raw_keys({"list-type": 2, "prefix": "a\r"})
        self.assertRegex(keys[0], r"\Aa&#(13|x0?[dD]);b\Z")

    @rows({"prefix": ({"prefix": "a b"}, "Prefix", "a%20b"),
           "delimiter": ({"delimiter": "a b"}, "Delimiter", "a%20b"),
           "start-after": ({"start-after": "a&b"}, "StartAfter", "a%26b")})
    def test_what_was_asked_is_encoded_as_well(self, query, element, encoded):
        page = parse_xml(expect(self.of_bucket("GET", {"list-type": 2, "encoding-type": "url", **query}),
                                200))
        self.assertIn(page.findtext(element), (encoded, encoded.replace("%20", "+")))
        self.assertEqual(page.findtext("EncodingType"), "url")

    def test_markers_are_encoded_as_well(self):
        query = {"encoding-type": "url", "marker": "a b", "delimiter": "|", "max-keys": 1}
        page = parse_xml(expect(self.of_bucket("GET", query), 200))
        self.assertEqual(unquote_plus(page.findtext("Marker")), "a b")
        self.assertEqual(unquote_plus(page.findtext("NextMarker")),
                         self.keys[bisect.bisect(self.keys, "a b")])

    def test_common_prefixes_are_encoded_as_well(self):
        page = parse_xml(expect(self.of_bucket("GET",
                                               {"list-type": 2, "encoding-type": "url", "delimiter": "&"}),
                                200))
        self.assertEqual(texts(page, "CommonPrefixes/Prefix"), ["a%26"])

    def test_by_boto3(self):
        s3 = client()
        found = s3.list_objects_v2(Bucket=self.bucket)["Contents"]
        self.assertEqual([entry["Key"] for entry in found], self.keys)
        found = s3.list_objects(Bucket=self.bucket)["Contents"]
        self.assertEqual([entry["Key"] for entry in found], self.keys)


class AtOnce(BucketCase):
    """What is acknowledged is seen by the next request."""

    @rows({"V1": "", "V2": "list-type=2", "versions": "versions"})
    def test_writes_are_seen(self, form):
        query = form + ("&" if form else "") + query_of({"prefix": self.key})
        for _ in range(3):
            self.put()
            self.assertEqual(self.keys(query), [self.key])
            expect(self.send("DELETE"), 204)
            self.assertEqual(self.keys(query), [])

    def keys(self, query):
        return texts(parse_xml(expect(self.of_bucket("GET", query), 200)), "*/Key")

    def test_sizes_after_a_patch_are_seen(self):
        self.put(b"1234")
        expect(self.send("PATCH", headers={"Content-Range": "bytes 4-7/*"}, body=b"5678"), 200)
        found = client().list_objects_v2(Bucket=self.bucket, Prefix=self.key)["Contents"][0]
        self.assertEqual(found["Size"], 8)
        self.assertEqual(found["ETag"], expect(self.head(), 200).get("ETag"))


class Many(ListCase):
    keys = sorted([f"{number:04}" for number in range(2400)] + [f"dir/{number:03}" for number in range(100)])

    @rows({form: FORMS[form] for form in FORMS})
    def test_2500_keys_by_1000(self, form):
        self.assertEqual(form(self, self.bucket, self.keys).walk("", "", 1000), 3)

    @rows({form: FORMS[form] for form in FORMS})
    def test_folded_by_1000(self, form):
        self.assertEqual(form(self, self.bucket, self.keys).walk("", "/", 1000), 3)

    @rows({"V1": "list_objects", "V2": "list_objects_v2", "versions": "list_object_versions"})
    def test_by_boto3(self, operation):
        pages = client().get_paginator(operation).paginate(Bucket=self.bucket,
                                                           PaginationConfig={"PageSize": 700})
        found = [entry["Key"] for page in pages for entry in page.get("Contents", page.get("Versions", []))]
        self.assertEqual(found, self.keys)
