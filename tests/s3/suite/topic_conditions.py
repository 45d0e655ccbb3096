"""Conditions of GET, HEAD, PUT and DELETE, with the precedence of RFC 9110, 13.2.2; those of copies and
patches stand with their topics."""
import email.utils
import itertools

from .harness import QUOTED_ETAG, BucketCase, at_once, call, expect, rows, winner

OTHER = '"0123456789abcdef0123456789abcdef"'


def read_verdict(if_match, unmodified, none_match, modified) -> int:
    """What RFC 9110 says of a GET. Each is None (not sent) or whether its test is true: the etags match
    (if_match, none_match), it was not modified since (unmodified), it was modified since (modified)."""
    if if_match is False or (if_match is None and unmodified is False):
        return 412
    if none_match is True or (none_match is None and modified is False):
        return 304
    return 200


def combinations(names: list) -> dict:
    """All of true, false and not sent; named by what is sent."""
    table = {}
    for values in itertools.product((None, True, False), repeat=len(names)):
        sent = [f"{name} {value}" for name, value in zip(names, values) if value is not None]
        table[", ".join(sent) or "none"] = values
    return table


NAMES = ["If-Match", "If-Unmodified-Since", "If-None-Match", "If-Modified-Since"]


def condition_headers(etag: str, modified: str, if_match, unmodified, none_match, since, prefix="") -> dict:
    """The headers whose tests come out as given, for an object with this ETag and Last-Modified."""
    before = email.utils.format_datetime(email.utils.parsedate_to_datetime(modified) - HOUR, usegmt=True)
    etags = {True: etag, False: OTHER}
    headers = {"If-Match": etags.get(if_match), "If-None-Match": etags.get(none_match),
               "If-Unmodified-Since": {True: modified, False: before}.get(unmodified),
               "If-Modified-Since": {True: before, False: modified}.get(since)}
    return {prefix + name: value for name, value in headers.items() if value is not None}


HOUR = email.utils.parsedate_to_datetime("Thu, 01 Jan 1970 01:00:00 GMT") - email.utils.parsedate_to_datetime(
    "Thu, 01 Jan 1970 00:00:00 GMT")


class Reading(BucketCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        expect(call("PUT", f"/{cls.bucket}/object", body=b"content", headers={"Cache-Control": "no-cache"}),
               200)
        head = expect(call("HEAD", f"/{cls.bucket}/object"), 200)
        cls.etag, cls.modified = head.get("ETag"), head.get("Last-Modified")

    def judge(self, answer, status):
        kept = {"ETag": self.etag, "Last-Modified": self.modified}
        if status == 412:
            expect(answer, 412, code="PreconditionFailed")
        elif status == 304:
            expect(answer, 304, kept | {"Cache-Control": "no-cache"}, body=b"")
        else:
            expect(answer, 200, kept, body=None if answer.request.method == "HEAD" else b"content")

    @rows(combinations(NAMES))
    def test_get_with(self, *values):
        headers = condition_headers(self.etag, self.modified, *values)
        self.judge(self.get("object", headers), read_verdict(*values))

    @rows({name: values for name,
           values in combinations(NAMES).items() if sum(value is not None for value in values) <= 1})
    def test_head_with(self, *values):
        headers = condition_headers(self.etag, self.modified, *values)
        self.judge(self.head("object", headers), read_verdict(*values))

    @rows({"star": ("*", 200), "unquoted": ("{bare}", 200), "weak": ('W/"{bare}"', 412),
           "list with it": (OTHER + ', "{bare}"', 200),
           "list without blanks": (OTHER + ',"{bare}",' + OTHER, 200),
           "list without it": (f'{OTHER}, "x"', 412), "upper case": ('"{upper}"', 412), "empty": ('""', 412)})
    def test_if_match_may_be(self, value, status):
        bare = self.etag.strip('"')
        value = value.replace("{bare}", bare).replace("{upper}", bare.upper())
        self.judge(self.get("object", {"If-Match": value}), status)

    @rows({"star": ("*", 304), "unquoted": ("{bare}", 304), "weak": ('W/"{bare}"', 304),
           "list with it": (OTHER + ', "{bare}"', 304), "list without it": (f'{OTHER}, "x"', 200),
           "empty": ('""', 200)})
    def test_if_none_match_may_be(self, value, status):
        value = value.replace("{bare}", self.etag.strip('"'))
        self.judge(self.get("object", {"If-None-Match": value}), status)

    @rows({f"{name} {what}": (name, value) for name in ("If-Modified-Since", "If-Unmodified-Since")
           for what, value in (("words", "yesterday"), ("a number", "1234567890"),
                               ("ISO", "2020-01-02T03:04:05Z"),
                               ("empty", ""), ("day 32", "Fri, 32 Jan 2016 00:00:00 GMT"))})
    def test_date_that_is_none_is_ignored(self, name, value):
        self.judge(self.get("object", {name: value}), 200)

    @rows({"RFC 850": "Sunday, 06-Nov-94 08:49:37 GMT", "asctime": "Sun Nov  6 08:49:37 1994"})
    def test_old_dates_are_read(self, value):
        self.judge(self.get("object", {"If-Modified-Since": value}), 200)
        self.judge(self.get("object", {"If-Unmodified-Since": value}), 412)

    @rows({"If-Match": {"If-Match": "*"}, "If-None-Match": {"If-None-Match": "*"},
           "If-Match etag": {"If-Match": OTHER}})
    def test_of_a_missing_object(self, headers):
        expect(self.get("nothing", headers), 404, code="NoSuchKey")

    def test_after_an_overwrite_the_old_etag_does_not_match(self):
        old = self.put(b"old").get("ETag")
        self.put(b"new")
        expect(self.get(headers={"If-Match": old}), 412, code="PreconditionFailed")
        expect(self.get(headers={"If-None-Match": old}), 200, body=b"new")


class Putting(BucketCase):
    def put_if(self, headers, body=b"new"):
        return self.send("PUT", headers=headers, body=body)

    def test_if_none_match_star_makes_a_new_one(self):
        expect(self.put_if({"If-None-Match": "*"}), 200, {"ETag": QUOTED_ETAG})
        self.must_be(b"new")

    def test_if_none_match_star_leaves_an_old_one(self):
        self.put(b"old")
        expect(self.put_if({"If-None-Match": "*"}), 412, code="PreconditionFailed")
        self.must_be(b"old")

    def test_if_none_match_star_after_a_delete(self):
        self.put(b"old")
        expect(self.send("DELETE"), 204)
        expect(self.put_if({"If-None-Match": "*"}), 200)
        self.must_be(b"new")

    def test_if_none_match_etag_is_not_served(self):
        self.put(b"old")
        expect(self.put_if({"If-None-Match": OTHER}), 501, code="NotImplemented")
        self.must_be(b"old")

    def test_if_match_of_the_etag(self):
        expect(self.put_if({"If-Match": self.put(b"old").get("ETag")}), 200)
        self.must_be(b"new")

    def test_if_match_of_another_etag(self):
        self.put(b"old")
        expect(self.put_if({"If-Match": OTHER}), 412, code="PreconditionFailed")
        self.must_be(b"old")

    def test_if_match_of_an_old_etag(self):
        etag = self.put(b"old").get("ETag")
        self.put(b"newer")
        expect(self.put_if({"If-Match": etag}), 412, code="PreconditionFailed")
        self.must_be(b"newer")

    def test_if_match_of_an_etag_before_a_patch(self):
        etag = self.put(b"old").get("ETag")
        expect(self.send("PATCH", headers={"Content-Range": "bytes 0-0/*"}, body=b"O"), 200)
        expect(self.put_if({"If-Match": etag}), 412, code="PreconditionFailed")
        self.must_be(b"Old")

    def test_if_match_of_an_etag_after_a_patch(self):
        self.put(b"old")
        etag = expect(self.send("PATCH", headers={"Content-Range": "bytes 0-0/*"}, body=b"O"),
                      200).get("ETag")
        expect(self.put_if({"If-Match": etag}), 200)
        self.must_be(b"new")

    @rows({"etag": OTHER, "star": "*"})
    def test_if_match_without_an_object(self, etag):
        expect(self.put_if({"If-Match": etag}), 404, code="NoSuchKey")
        self.must_be_missing()

    def test_both(self):
        etag = self.put(b"old").get("ETag")
        expect(self.put_if({"If-Match": etag, "If-None-Match": "*"}), 412, code="PreconditionFailed")
        self.must_be(b"old")

    def test_condition_comes_before_the_body(self):
        self.put(b"old")
        body = b"x" * (3 << 20)
        expect(self.put_if({"If-None-Match": "*"}, body), 412, code="PreconditionFailed")
        self.must_be(b"old")

    def race(self, headers):
        bodies = [f"body {number}".encode() for number in range(8)]
        won = winner(at_once(lambda body: self.put_if(headers, body), bodies))
        self.must_be(bodies[won])

    def test_of_those_that_race_to_make_it_one_wins(self):
        self.race({"If-None-Match": "*"})

    def test_of_those_that_race_to_replace_it_one_wins(self):
        self.race({"If-Match": self.put(b"old").get("ETag")})


class Deleting(BucketCase):
    def test_if_match_of_the_etag(self):
        expect(self.send("DELETE", headers={"If-Match": self.put().get("ETag")}), 204)
        self.must_be_missing()

    def test_if_match_star(self):
        self.put()
        expect(self.send("DELETE", headers={"If-Match": "*"}), 204)
        self.must_be_missing()

    def test_if_match_of_another_etag(self):
        self.put()
        expect(self.send("DELETE", headers={"If-Match": OTHER}), 412, code="PreconditionFailed")
        self.must_be(b"content")

    def test_if_match_of_an_etag_before_a_patch(self):
        etag = self.put(b"old").get("ETag")
        expect(self.send("PATCH", headers={"Content-Range": "bytes 0-0/*"}, body=b"O"), 200)
        expect(self.send("DELETE", headers={"If-Match": etag}), 412, code="PreconditionFailed")
        self.must_be(b"Old")

    @rows({"etag": OTHER, "star": "*"})
    def test_if_match_without_an_object(self, etag):
        expect(self.send("DELETE", headers={"If-Match": etag}), 404, code="NoSuchKey")
