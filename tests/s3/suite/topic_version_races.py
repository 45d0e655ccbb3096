"""Conditions, races and random histories of versioned buckets; the histories against a model of S3's rules."""
import random
import re
from concurrent.futures import ThreadPoolExecutor

from .harness import at_once, expect, pattern_bytes, quote, rows, winner
from .topic_patches import OLD, applied
from .versions import MARKER, PLAIN, OwnVersionCase, Patching, VersionCase, set_versioning, version_of


class Conditions(VersionCase):
    def put_if(self, headers, body=b"new"):
        return self.send("PUT", headers=headers, body=body)

    @rows({"a key that never was": "none", "a marker": "marker", "all versions gone": "gone"})
    def test_none_match_star_over(self, what):
        had = []
        if what != "none":
            had = self.put_some(b"old")
        if what == "marker":
            had.insert(0, (self.add_marker(), MARKER))
        if what == "gone":
            self.drop(had.pop()[0])
        new = version_of(expect(self.put_if({"If-None-Match": "*"}), 200))
        self.must_have((new, b"new"), *had)

    def test_none_match_star_over_an_object(self):
        had = self.put_some(b"old")
        expect(self.put_if({"If-None-Match": "*"}), 412, code="PreconditionFailed")
        self.must_have(*had)

    def test_match_of_the_newest(self):
        had = self.put_some(b"1", b"2")
        new = version_of(expect(self.put_if({"If-Match": self.head().get("ETag")}), 200))
        self.must_have((new, b"new"), *had)

    def test_match_of_an_old_version(self):
        had = self.put_some(b"1", b"2")
        etag = self.head_version(had[1][0]).get("ETag")
        expect(self.put_if({"If-Match": etag}), 412, code="PreconditionFailed")
        self.must_have(*had)

    @rows({"star": "*", "the etag before": "{etag}"})
    def test_match_of_a_marker(self, etag):
        had = self.put_some(b"old")
        etag = etag.format(etag=self.head().get("ETag"))
        had.insert(0, (self.add_marker(), MARKER))
        expect(self.put_if({"If-Match": etag}), 404, code="NoSuchKey")
        self.must_have(*had)

    def test_match_of_what_a_delete_brought_back(self):
        had = self.put_some(b"old")
        etag = self.head().get("ETag")
        self.drop(self.put_version(b"newer"))
        new = version_of(expect(self.put_if({"If-Match": etag}), 200))
        self.must_have((new, b"new"), *had)

    @rows({"none match over a marker": True, "match": False})
    def test_of_those_that_race_one_wins(self, marker):
        had = self.put_some(b"old")
        headers = {"If-Match": self.head().get("ETag")}
        if marker:
            had.insert(0, (self.add_marker(), MARKER))
            headers = {"If-None-Match": "*"}
        answers = at_once(lambda n: self.put_if(headers, b"body %d" % n), range(8))
        won = winner(answers)
        self.must_have((version_of(answers[won]), b"body %d" % won), *had)


class Races(Patching, VersionCase):
    def check(self, expected: dict, had: list) -> list:
        """Exactly these versions (id -> body) were added to `had`; their ids, newest first."""
        listed = [entry.id for entry in self.listed()]
        self.assertEqual(len(listed), len(expected) + len(had))
        self.assertEqual(set(listed), set(expected) | {version for version, _ in had})
        bodies = expected | dict(had)
        self.must_have(*((version, bodies[version]) for version in listed))
        return [version for version in listed if version in expected]

    def test_of_writers_each_makes_a_version(self):
        had = self.put_some(b"old")
        bodies = [b"body %d" % number for number in range(8)]
        ids = [version_of(expect(answer, 200)) for answer in at_once(lambda body: self.send("PUT", body=body), bodies)]
        self.check(dict(zip(ids, bodies)), had)

    def test_of_writers_of_a_new_key_each_makes_a_version(self):
        bodies = [pattern_bytes(100_000, seed=number) for number in range(8)]
        ids = [version_of(expect(answer, 200)) for answer in at_once(lambda body: self.send("PUT", body=body), bodies)]
        self.check(dict(zip(ids, bodies)), [])

    def test_of_deletes_each_makes_a_marker(self):
        had = self.put_some(b"old")
        answers = at_once(lambda _: self.delete(), range(8))
        ids = [version_of(expect(answer, 204, {"x-amz-delete-marker": "true"})) for answer in answers]
        self.check(dict.fromkeys(ids, MARKER), had)

    def test_of_writers_and_deletes_each_has_its_place(self):
        answers = at_once(lambda n: self.send("PUT", body=b"%d" % n) if n % 2 else self.delete(), range(12))
        ids = [version_of(expect(answer, 200 if n % 2 else 204)) for n, answer in enumerate(answers)]
        self.check({version: b"%d" % n if n % 2 else MARKER for n, version in enumerate(ids)}, [])

    def test_of_deletes_of_one_version_it_goes_once(self):
        had = self.put_some(b"1", b"2", b"3")
        version = had.pop(1)[0]
        for answer in at_once(lambda _: self.delete_version(version), range(8)):
            expect(answer, 204, {"x-amz-version-id": version})
        self.must_have(*had)

    def test_of_deletes_of_all_versions_nothing_is_left(self):
        had = self.put_some(*(b"%d" % number for number in range(10)))
        for answer in at_once(lambda one: self.delete_version(one[0]), had):
            expect(answer, 204)
        self.must_have()

    def test_of_writers_and_deletes_of_the_newest(self):
        """What is written is never lost to a delete of another version."""
        had = self.put_some(b"1", b"2", b"3", b"4")

        def write(n):
            return self.send("PUT", body=b"new %d" % n) if n < 4 else self.delete_version(had[n - 4][0])
        answers = at_once(write, range(8))
        ids = [version_of(expect(answer, 200)) for answer in answers[:4]]
        for answer in answers[4:]:
            expect(answer, 204)
        self.check({version: b"new %d" % n for n, version in enumerate(ids)}, [])

    def test_of_patches_none_is_lost(self):
        """Each version is the one before with one more patch."""
        body = bytes(8 * 1000)
        had = [(self.put_version(body), body)]
        answers = at_once(lambda n: self.patch(f"bytes {n * 1000}-/*", bytes([65 + n]) * 1000), range(8))
        patches = {}
        for number, answer in enumerate(answers):
            if answer.status == 200:
                patches[self.patched(answer, 8000)] = number
            else:
                code = re.search(rb"<Code>(\w+)</Code>", answer.body).group(1).decode()
                self.assertIn(code, ("ConcurrentUpdatesPatchConflict", "ObjectVersionPatchConflict"))
                expect(answer, 409, code=code)
        self.assertTrue(patches)
        expected = {}
        for entry in reversed(self.listed()):
            if entry.id in patches:
                body = applied(body, patches[entry.id] * 1000, bytes([65 + patches[entry.id]]) * 1000)
                expected[entry.id] = body
        self.check(expected, had)

    def test_of_patches_with_one_etag_one_wins(self):
        had = self.put_some(OLD)
        etag = self.head().get("ETag")
        answers = at_once(lambda n: self.patch("bytes 0-0/*", b"%d" % n, headers={"If-Match": etag}), range(8))
        won = winner(answers)
        self.must_have((version_of(answers[won]), b"%d" % won + OLD[1:]), *had)

    def test_reads_of_an_old_version_while_others_write(self):
        body = pattern_bytes(300_000)
        old = self.put_version(body)
        with ThreadPoolExecutor(8) as pool:
            writes = [pool.submit(self.patch, "bytes 0-/*", pattern_bytes(100_000, seed=n)) for n in range(6)]
            reads = [pool.submit(self.get_version, old) for _ in range(12)]
        for read in reads:
            expect(read.result(), 200, {"x-amz-version-id": old}, body=body)
        for write in writes:
            self.assertIn(write.result().status, (200, 409))

    def test_of_reads_each_shows_the_version_it_says(self):
        bodies = {self.put_version(b"first"): b"first"}
        with ThreadPoolExecutor(8) as pool:
            writes = [pool.submit(self.send, "PUT", body=b"body %d" % n * 1000) for n in range(20)]
            reads = [pool.submit(self.get) for _ in range(20)]
        bodies |= {version_of(expect(write.result(), 200)): b"body %d" % n * 1000 for n, write in enumerate(writes)}
        for read in reads:
            answer = expect(read.result(), 200)
            self.assertEqual(answer.body, bodies[version_of(answer)])


class Model:
    """What a key has, as S3's rules have it: (id, body), newest first."""

    def __init__(self):
        self.status, self.had = "", []

    def add(self, version: str, body) -> None:
        if version == "null":
            self.had = [one for one in self.had if one[0] != "null"]
        self.had.insert(0, (version, body))

    def patch(self, version: str, body) -> None:
        """In place where the newest is null, and stays so."""
        self.add(version, body)

    def current(self):
        return self.had[0][1] if self.had else None


class Histories(Patching, OwnVersionCase):
    """Random requests to a key, of which each answer and everything that is left is the model's."""

    @rows({f"seed {seed}": seed for seed in range(12)})
    def test_are_the_model_s(self, seed):
        self.chance, self.model = random.Random(seed), Model()
        steps = [self.write] * 5 + [self.remove] * 3 + [self.forget] * 3 + [self.change] * 4 + [self.bring_back] * 2 + \
            [self.configure] * 2
        for number in range(40):
            self.chance.choice(steps)(number)
            if number % 4 == 3:
                self.must_have(*self.model.had, shown=bool(self.model.status))

    def id_of(self, answer) -> str:
        """What the status of the bucket says of the id that a write answers."""
        if self.model.status == "Enabled":
            return version_of(answer)
        expect(answer, answer.status, {"x-amz-version-id": "null" if self.model.status else None})
        return "null"

    def write(self, number):
        body = b"%d " % number * self.chance.randint(0, 50)
        self.model.add(self.id_of(self.put(body)), body)

    def remove(self, _):
        answer = expect(self.delete(), 204, {"x-amz-delete-marker": "true" if self.model.status else None})
        if self.model.status:
            self.model.add(self.id_of(answer), MARKER)
        else:
            expect(answer, 204, PLAIN)
            self.model.had = []

    def forget(self, _):
        if self.model.had:
            version, body = self.model.had.pop(self.chance.randrange(len(self.model.had)))
            expect(self.delete_version(version), 204, {"x-amz-delete-marker": "true" if body is MARKER else None})

    def change(self, number):
        """A patch, or an append, of the newest or another version."""
        version, body = None, self.model.current()
        if self.model.had and self.chance.random() < 0.4:
            version, body = self.chance.choice(self.model.had)
        new, at = b"#%d#" % number, self.chance.randint(0, len(body or b""))
        appends = body is not MARKER and at == len(body)
        answer = self.append(at, new, version) if appends else self.patch(f"bytes {at}-/*", new, version)
        if body is MARKER:
            status, code = (405, "MethodNotAllowed") if version is not None else (404, "NoSuchKey")
            expect(answer, status, code=code)
            return
        old_null = version == "null" and self.model.status == "Suspended" and self.model.had[0][0] != "null"
        if answer.status == 501 and old_null:  # docs/design/s3.md
            expect(answer, 501, code="NotImplemented")
            return
        after = applied(body, at, new)
        expect(answer, 200, {"x-amz-object-size": str(len(after))})
        self.model.patch(self.id_of(answer), after)

    def bring_back(self, _):
        """A copy of some version onto the key."""
        versions = [one for one in self.model.had[1:] if one[1] is not MARKER]
        if versions:
            version, body = self.chance.choice(versions)
            source = f"{self.bucket}/{quote(self.key)}?{self.query(version)}"
            answer = expect(self.send("PUT", headers={"x-amz-copy-source": source}), 200,
                            {"x-amz-copy-source-version-id": version})
            self.model.add(self.id_of(answer), body)

    def configure(self, _):
        self.model.status = self.chance.choice(["Enabled", "Enabled", "Suspended"])
        set_versioning(self.bucket, self.model.status)
