"""ListObjectVersions page by page against a model, and what the other listings show of versioned buckets."""
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import unquote_plus

from .harness import (ISO_DATE, QUOTED_ETAG, call, client, drop_bucket, expect, make_bucket, parse_xml, quote,
                      rows, texts)
from .topic_listings import V1, V2
from .versions import MALFORMED_IDS, MARKER, OwnVersionCase, VersionCase, listed_of, set_versioning, version_of

KEYS = sorted({"a", "a/", "a/1", "a/2", "a/b/1", "a/b/2", "a/c", "a0", "b", "b//1", "b/1", "c-1", "c-2",
               "d/", "gone", "gone/1", "gone/2", "x+y", "x y", "Z", "é", "é/1", "日本/1", "日本/2", "😀",
               "~", "many"}, key=str.encode)
DELETED = {"gone", "gone/1", "gone/2", "a/c"}  # the newest of these is a marker
MANY = 120  # of the key "many"


@dataclass
class Entry:
    key: str
    id: str
    marker: bool
    latest: bool

    def shown(self):
        return (self.key, self.id, self.marker, self.latest)


def fold(entries: list, prefix: str, delimiter: str, after: tuple, size: int):
    """One page: (entries, common prefixes, is there more, where the next begins). `after`: a key, and an id or ""."""
    key_marker, id_marker = after
    behind = [number for number, entry in enumerate(entries) if id_marker and (entry.key, entry.id) == after]
    shown, prefixes, last = [], [], after
    for number, entry in enumerate(entries):
        told = entry.key.encode() <= key_marker.encode() if not behind else number <= behind[0]
        if told or not entry.key.startswith(prefix):
            continue
        end = entry.key.find(delimiter, len(prefix)) if delimiter else -1
        folded = entry.key[:end + len(delimiter)] if end >= 0 else ""
        if folded and (folded in prefixes or folded.encode() <= key_marker.encode()):
            continue
        if len(shown) + len(prefixes) == size:
            return shown, prefixes, True, last
        if folded:
            prefixes.append(folded)
            last = (folded, "")
        else:
            shown.append(entry)
            last = (entry.key, entry.id)
    return shown, prefixes, False, ("", "")


def write_versions(bucket: str, key: str, bodies: list) -> list:
    """Entries of the versions that are put, newest first; MARKER in `bodies`: a DELETE."""
    entries = []
    for body in bodies:
        method, status = ("DELETE", 204) if body is MARKER else ("PUT", 200)
        answer = expect(call(method, f"/{bucket}/{quote(key)}", body=body or b""), status)
        entries.insert(0, Entry(key, version_of(answer), body is MARKER, False))
    entries[0].latest = True
    return entries


def plan(key: str) -> list:
    """What is written under a key: at least one version, and markers among them."""
    chance = random.Random(key)
    count = MANY if key == "many" else chance.randint(1, 9)
    bodies = [MARKER if chance.random() < 0.25 else b"x" * chance.randint(0, 9) for _ in range(count)]
    return bodies + [MARKER if key in DELETED else b"newest"]


class ListCase(VersionCase):
    keys = KEYS

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with ThreadPoolExecutor(8) as pool:
            of_keys = list(pool.map(lambda key: write_versions(cls.bucket, key, plan(key)), cls.keys))
        cls.entries = [entry for entries in of_keys for entry in entries]
        cls.live = [entries[0].key for entries in of_keys if not entries[0].marker]

    def walk(self, prefix: str = "", delimiter: str = "", size: int = 1000, start: tuple = ("", "")) -> int:
        """Each page is the model's; how many there were."""
        after, pages = start, 0
        while True:
            query = {"prefix": prefix, "delimiter": delimiter, "max-keys": size}
            query |= {"key-marker": after[0]} if after[0] else {}
            query |= {"version-id-marker": after[1]} if after[1] else {}
            page = self.list_versions(query)
            entries, prefixes, more, end = fold(self.entries, prefix, delimiter, after, size)
            shown = [(one.key, one.id, one.marker, one.latest) for one in listed_of(page)]
            self.assertEqual(shown, [entry.shown() for entry in entries])
            self.assertEqual(texts(page, "CommonPrefixes/Prefix"), prefixes)
            told = {name: page.findtext(name) for name in ("Name", "Prefix", "Delimiter", "MaxKeys", "IsTruncated")}
            self.assertEqual(told, {"Name": self.bucket, "Prefix": prefix, "Delimiter": delimiter or None,
                                    "MaxKeys": str(size), "IsTruncated": "true" if more else "false"})
            self.assertEqual((page.findtext("KeyMarker"), page.findtext("VersionIdMarker")), after)
            self.assertEqual(page.findtext("NextKeyMarker") or "", end[0])
            self.assertEqual(page.findtext("NextVersionIdMarker") or "", end[1])
            after, pages = end, pages + 1
            if not more:
                return pages


class Pages(ListCase):
    @rows({f"{what}, by {size}": (prefix, delimiter, size) for what, prefix, delimiter, sizes in (
        ("all", "", "", (7, 1000)), ("prefix", "a", "", (1, 3, 1000)), ("prefix that is a key", "a/1", "", (1, 1000)),
        ("prefix with slash", "a/", "", (2,)), ("prefix of none", "nothing", "", (5,)),
        ("one key", "many", "", (50, 119)),
        ("slash", "", "/", (1, 3, 1000)), ("prefix and slash", "a/", "/", (1, 2, 1000)),
        ("prefix without slash and slash", "a", "/", (1, 2)), ("of deleted keys", "gone", "/", (1, 2, 1000)),
        ("not ASCII", "日", "", (1,)), ("by letters", "", "a", (2, 1000)), ("plus", "x", "+", (1, 1000)),
        ("that none has", "a", "|", (4,))) for size in sizes})
    def test_are_the_model_s(self, prefix, delimiter, size):
        self.walk(prefix, delimiter, size)

    @rows({f"{key}, {which}": (key, which) for key in ("many", "a", "a/c", "gone", "é") for which in (0, -1)}
          | {f"many, {which}": ("many", which) for which in (1, 17, 60, -2)})
    def test_begin_behind_a_version(self, key, which):
        of_key = [entry for entry in self.entries if entry.key == key]
        self.walk(size=40, start=(key, of_key[which].id))

    @rows({"a key": ("a/1", ""), "between keys": ("a/15", ""), "before all": ("\x20", ""), "the last key": ("😀", ""),
           "behind all": ("\U0010fffd", ""), "a common prefix": ("a/", "/"), "of many": ("many", "")})
    def test_begin_behind_a_key(self, key, delimiter):
        self.walk("", delimiter, 40, (key, ""))

    @rows({f"seed {seed}": seed for seed in range(16)})
    def test_of_random_questions(self, seed):
        chance = random.Random(seed)
        start = chance.choice(self.entries)
        delimiter = chance.choice(["", "", "/", "b", "-"])
        after = ("", "") if delimiter else chance.choice([("", ""), (start.key, start.id), (start.key, "")])
        self.walk(chance.choice(["", "", start.key[:1], start.key]), delimiter, chance.choice([3, 10, 37, 200]), after)

    def test_all_are_told_once(self):
        told, position = [], {}
        for _ in range(1000):
            page = self.list_versions({"max-keys": 13} | position)
            told += [(entry.key, entry.id) for entry in listed_of(page)]
            position = {"key-marker": page.findtext("NextKeyMarker"),
                        "version-id-marker": page.findtext("NextVersionIdMarker")}
            if page.findtext("IsTruncated") == "false":
                break
        self.assertEqual(told, [(entry.key, entry.id) for entry in self.entries])

    def test_by_boto3(self):
        pages = client().get_paginator("list_object_versions").paginate(Bucket=self.bucket,
                                                                        PaginationConfig={"PageSize": 30})
        versions, markers = [], []
        for page in pages:
            versions += [(one["Key"], one["VersionId"]) for one in page.get("Versions", [])]
            markers += [(one["Key"], one["VersionId"]) for one in page.get("DeleteMarkers", [])]
        self.assertEqual(versions, [(entry.key, entry.id) for entry in self.entries if not entry.marker])
        self.assertEqual(markers, [(entry.key, entry.id) for entry in self.entries if entry.marker])


class Entries(ListCase):
    keys = ["a", "b"]

    def test_have_what_s3_has_in_its_order(self):
        page = self.list_versions()
        common = ["Key", "VersionId", "IsLatest", "LastModified"]
        content = ["ETag", "ChecksumAlgorithm", "ChecksumType", "Size", "StorageClass"]
        for entry in page.findall("Version"):
            self.assertEqual([element.tag for element in entry], common + content + ["Owner"])
            self.assertRegex(entry.findtext("ETag"), QUOTED_ETAG)
        for entry in page.findall("DeleteMarker"):
            self.assertEqual([element.tag for element in entry], common + ["Owner"])
        for entry in page.findall("Version") + page.findall("DeleteMarker"):
            self.assertRegex(entry.findtext("LastModified"), ISO_DATE)
            self.assertTrue(entry.findtext("Owner/ID"))

    def test_say_what_head_says(self):
        for entry in self.list_versions().findall("Version"):
            head = expect(self.head_version(entry.findtext("VersionId"), entry.findtext("Key")), 200,
                          {"ETag": entry.findtext("ETag"), "Content-Length": entry.findtext("Size")})
            seconds = parsedate_to_datetime(head.get("Last-Modified")).strftime("%Y-%m-%dT%H:%M:%S")
            self.assertTrue(entry.findtext("LastModified").startswith(seconds))

    def test_are_from_the_newest_on(self):
        for key in self.keys:
            times = [entry.findtext("LastModified") for entry in self.list_versions({"prefix": key})
                     if entry.tag in ("Version", "DeleteMarker")]
            self.assertEqual(times, sorted(times, reverse=True))

    def test_by_max_keys_0_are_none(self):
        page = self.list_versions({"max-keys": 0})
        self.assertEqual((listed_of(page), page.findtext("IsTruncated")), ([], "false"))

    @rows({name: bad for name, bad in MALFORMED_IDS.items() if bad})
    def test_version_id_marker_is_malformed(self, bad):
        query = {"versions": "", "key-marker": "a", "version-id-marker": bad}
        expect(self.of_bucket("GET", query), 400, code="InvalidArgument")

    def test_version_id_marker_needs_a_key_marker(self):
        query = {"versions": "", "version-id-marker": self.entries[0].id}
        expect(self.of_bucket("GET", query), 400, code="InvalidArgument")


ODD = ["a b", "a+b", "a&b", "<a>", "a\tb", "a\nb", "a\x01b", "a\uffffb", "日本", "a%b", "a/b"]


class Odd(ListCase):
    keys = sorted(ODD, key=str.encode)

    def test_keys_are_encoded(self):
        told, position = [], {}
        while True:
            page = self.list_versions({"encoding-type": "url", "max-keys": 4} | position)
            self.assertEqual(page.findtext("EncodingType"), "url")
            told += [(unquote_plus(entry.key), entry.id) for entry in listed_of(page)]
            if page.findtext("IsTruncated") == "false":
                break
            position = {"key-marker": unquote_plus(page.findtext("NextKeyMarker")),
                        "version-id-marker": page.findtext("NextVersionIdMarker")}
        self.assertEqual(told, [(entry.key, entry.id) for entry in self.entries])

    def test_prefixes_are_encoded(self):
        page = self.list_versions({"encoding-type": "url", "delimiter": "&"})
        self.assertEqual(texts(page, "CommonPrefixes/Prefix"), ["a%26"])


class Objects(ListCase):
    """ListObjects and ListObjectsV2: names whose newest version is a marker are not there, and pages are full."""

    @rows({f"{form.__name__}, {what}, by {size}": (form, prefix, delimiter, size) for form in (V1, V2)
           for what, prefix, delimiter in (("all", "", ""), ("prefix", "a/", ""), ("slash", "", "/"),
                                           ("deleted", "gone", ""), ("deleted by slash", "gone", "/"))
           for size in (1, 2, 1000)})
    def test_are_those_that_are_there(self, form, prefix, delimiter, size):
        form(self, self.bucket, self.live).walk(prefix, delimiter, size)

    @rows({"V1": "", "V2": "list-type=2"})
    def test_have_the_size_and_etag_of_the_newest(self, form):
        page = parse_xml(expect(self.of_bucket("GET", form), 200))
        self.assertEqual(set(texts(page, "Contents/Size")), {"6"})
        for entry in page.findall("Contents"):
            expect(self.head(entry.findtext("Key")), 200, {"ETag": entry.findtext("ETag")})
            self.assertIsNone(entry.find("VersionId"))

    def test_pages_among_many_markers_are_full(self):
        for number in range(60):
            write_versions(self.bucket, f"full/{number:02}", [b"x", MARKER] if number % 20 else [b"x"])
        self.addCleanup(lambda: [self.drop(entry.id, entry.key, entry.marker)
                                 for entry in listed_of(self.list_versions({"prefix": "full/"}))])
        V2(self, self.bucket, ["full/00", "full/20", "full/40"]).walk("full/", "", 2)


class Changing(OwnVersionCase):
    def setUp(self):
        super().setUp()
        self.enable()
        self.had = [(entry.key, entry.id) for key in ("a", "b", "c")
                    for entry in write_versions(self.bucket, key, [b"x"] * 12)]

    def walk(self, change) -> list:
        told, position, turn = [], {}, 0
        while True:
            page = self.list_versions({"max-keys": 5} | position)
            told += [(entry.key, entry.id) for entry in listed_of(page)]
            if page.findtext("IsTruncated") == "false":
                return told
            position = {"key-marker": page.findtext("NextKeyMarker"),
                        "version-id-marker": page.findtext("NextVersionIdMarker")}
            change(turn, position)
            turn += 1

    def test_new_versions_do_not_disturb(self):
        new = []
        told = self.walk(lambda turn, _: new.extend((key, self.put_version(key=key)) for key in ("a", "c")))
        self.assertEqual([one for one in told if one not in new], self.had)

    def test_where_a_page_ended_may_be_gone(self):
        def change(_, position):
            self.drop(position["version-id-marker"], position["key-marker"])
        self.assertEqual(self.walk(change), self.had)

    def test_what_is_told_may_be_gone(self):
        told = []

        def change(turn, position):
            for entry in self.had[turn * 5:turn * 5 + 5]:
                self.drop(entry[1], entry[0])
                told.append(entry)
        self.assertEqual(self.walk(change), self.had)
        self.assertTrue(told)

    def test_null_is_a_place_like_others(self):
        self.suspend()
        self.put(b"null", "b")
        self.enable()
        newest = self.put_version(key="b")
        of_b = [newest, "null"] + [version for key, version in self.had if key == "b"]
        for number in range(len(of_b) - 1):
            page = self.list_versions({"key-marker": "b", "version-id-marker": of_b[number], "max-keys": 1})
            self.assertEqual([entry.id for entry in listed_of(page)], [of_b[number + 1]])
            self.assertEqual(page.findtext("NextVersionIdMarker"), of_b[number + 1])

    def test_are_seen_at_once(self):
        for turn in range(5):
            marker = self.add_marker("b")
            self.assertEqual(self.listed("b")[0].id, marker)
            self.assertNotIn("b", texts(parse_xml(expect(self.of_bucket("GET"), 200)), "Contents/Key"))
            version = self.put_version(key="b")
            self.assertEqual([entry.id for entry in self.listed("b")[:2]], [version, marker])
            self.assertIn("b", texts(parse_xml(expect(self.of_bucket("GET"), 200)), "Contents/Key"))
            self.drop(version, "b")
            self.drop(marker, "b", marker=True)

    @rows({"never": (), "suspended": ("Suspended",), "enabled": ("Enabled",)})
    def test_objects_of_before_are_null(self, *statuses):
        self.bucket = make_bucket()
        self.addCleanup(drop_bucket, self.bucket)
        for key in ("a", "b"):
            expect(self.put(key=key), 200)
        for status in statuses:
            set_versioning(self.bucket, status)
        entries = listed_of(self.list_versions())
        self.assertEqual([(one.key, one.id, one.latest) for one in entries], [("a", "null", True), ("b", "null", True)])


class Large(VersionCase):
    """More versions of one key, and of more keys, than a page has."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with ThreadPoolExecutor(8) as pool:
            numbers = list(pool.map(lambda n: (n, version_of(call("PUT", f"/{cls.bucket}/one", body=b"%d" % n))),
                                    range(1100)))
        cls.ids = {version: number for number, version in numbers}

    def test_1100_versions_of_a_key(self):
        first = self.list_versions()
        self.assertEqual((len(listed_of(first)), first.findtext("IsTruncated")), (1000, "true"))
        rest = self.list_versions({"key-marker": "one", "version-id-marker": first.findtext("NextVersionIdMarker")})
        told = [entry.id for entry in listed_of(first) + listed_of(rest)]
        self.assertEqual((len(told), set(told)), (1100, set(self.ids)))
        self.assertEqual([entry.latest for entry in listed_of(first)], [True] + [False] * 999)
        for version in told[::100]:
            self.must_be_version(version, b"%d" % self.ids[version], "one")
        expect(self.get("one"), 200, {"x-amz-version-id": told[0]}, body=b"%d" % self.ids[told[0]])
