"""Object lock: configurations of buckets, retention and legal holds of versions, what they keep, who may end them."""
import datetime
import time

from .harness import (MISSING, BucketCase, OwnBucketCase, call, client, expect, make_bucket, md5, new_bucket_name,
                      parse_xml, query_of, quote, rows, tagging, texts)
from .topic_multiparts import UploadCase
from .topic_patches import OLD
from .topic_policies import policy, statement
from .versions import MARKER, Versions, listed_of, set_versioning, version_of

LOCKED = {"x-amz-bucket-object-lock-enabled": "true"}
MODE, UNTIL, HOLD = (f"x-amz-object-lock-{name}" for name in ("mode", "retain-until-date", "legal-hold"))
BYPASS = {"x-amz-bypass-governance-retention": "true"}
NO_LOCK = {MODE: None, UNTIL: None, HOLD: None}
DAY_S = 24 * 3600
COMPLIANT_S = 20  # how long what nobody may delete is kept: long enough for a case, and waited for once
DEADLINE_S = 90


def after(seconds: float) -> str:
    """That many seconds from now."""
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03}Z"


def configuration_xml(rule: str = "", enabled: str = "<ObjectLockEnabled>Enabled</ObjectLockEnabled>") -> bytes:
    return f"<ObjectLockConfiguration>{enabled}{rule}</ObjectLockConfiguration>".encode()


def rule_xml(inside: str) -> str:
    return f"<Rule><DefaultRetention>{inside}</DefaultRetention></Rule>"


def retention_xml(mode: str, until: str) -> bytes:
    return f"<Retention><Mode>{mode}</Mode><RetainUntilDate>{until}</RetainUntilDate></Retention>".encode()


def hold_xml(status: str) -> bytes:
    return f"<LegalHold><Status>{status}</Status></LegalHold>".encode()


def make_locking_bucket() -> str:
    bucket = new_bucket_name()
    expect(call("PUT", f"/{bucket}", headers=LOCKED), 200)
    return bucket


def drop_locking_bucket(bucket: str) -> None:
    """Ends what may be ended, and waits for what may not."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        entries = listed_of(parse_xml(expect(call("GET", f"/{bucket}", query="versions"), 200)))
        for entry in entries:
            path, query = f"/{bucket}/{quote(entry.key)}", query_of({"versionId": entry.id})
            if not entry.marker:
                call("PUT", path, query="legal-hold&" + query, body=hold_xml("OFF"))
            kept = call("DELETE", path, query=query, headers=BYPASS).status != 204
        if not entries:
            break
        if time.monotonic() > deadline:
            raise AssertionError(f"{bucket} keeps {len(entries)} versions for too long")
        if kept:
            time.sleep(0.5)
    expect(call("DELETE", f"/{bucket}"), 204)


class Locks(Versions):
    """For cases of a bucket whose versions can be locked."""

    def retention_of(self, version=None) -> tuple:
        query = "retention" if version is None else self.query(version, "retention")
        document = parse_xml(expect(self.get(query=query), 200, {"Content-Type": "application/xml"}))
        self.assertEqual([document.tag] + [one.tag for one in document], ["Retention", "Mode", "RetainUntilDate"])
        return document.findtext("Mode"), document.findtext("RetainUntilDate")

    def retain(self, mode: str, until: str, version=None, headers=None):
        return self.set_retention(retention_xml(mode, until), version, headers)

    def set_retention(self, body: bytes, version=None, headers=None):
        query = "retention" if version is None else self.query(version, "retention")
        return self.send("PUT", query=query, body=body, headers=headers)

    def hold(self, status: str, version=None):
        query = "legal-hold" if version is None else self.query(version, "legal-hold")
        return self.send("PUT", query=query, body=hold_xml(status))

    def hold_of(self, version=None) -> str:
        query = "legal-hold" if version is None else self.query(version, "legal-hold")
        document = parse_xml(expect(self.get(query=query), 200, {"Content-Type": "application/xml"}))
        self.assertEqual([document.tag] + [element.tag for element in document], ["LegalHold", "Status"])
        return document.findtext("Status")

    def put_locked(self, body=b"content", mode="GOVERNANCE", seconds=DAY_S) -> str:
        return self.put_version(body, headers={MODE: mode, UNTIL: after(seconds)})

    def must_be_kept(self, *had, headers=None) -> None:
        """The first of these versions cannot be deleted, by no way."""
        version = had[0][0]
        expect(self.delete_version(version, headers=headers), 403, {"x-amz-delete-marker": None}, code="AccessDenied")
        result = self.delete_many(version, headers)
        self.assertEqual((texts(result, "Error/Code"), texts(result, "Error/VersionId"), texts(result, "Deleted/Key")),
                         (["AccessDenied"], [version], []))
        self.must_have(*had)

    def delete_many(self, version, headers=None):
        body = f"<Delete><Object><Key>{self.key}</Key><VersionId>{version}</VersionId></Object></Delete>".encode()
        answer = self.of_bucket("POST", "delete", body=body, headers={"Content-MD5": md5(body), **(headers or {})})
        return parse_xml(expect(answer, 200))


class LockCase(Locks, BucketCase):
    """Cases that share a bucket whose versions can be locked."""

    @classmethod
    def setUpClass(cls):
        cls.bucket = make_locking_bucket()

    @classmethod
    def tearDownClass(cls):
        drop_locking_bucket(cls.bucket)


class OwnLockCase(Locks, OwnBucketCase):
    """Each has a bucket of its own, whose versions can be locked."""

    def setUp(self):
        super().setUp()
        self.bucket = make_locking_bucket()
        self.addCleanup(drop_locking_bucket, self.bucket)


class Configuration(OwnLockCase):
    def configuration(self):
        document = parse_xml(expect(self.of_bucket("GET", "object-lock"), 200, {"Content-Type": "application/xml"}))
        self.assertEqual((document.tag, document.findtext("ObjectLockEnabled")), ("ObjectLockConfiguration", "Enabled"))
        return {element.tag: element.text for element in document.findall("Rule/DefaultRetention/*")}

    def set(self, body, headers=None):
        return self.of_bucket("PUT", "object-lock", body=body, headers=headers)

    def test_of_a_bucket_that_is_made_with_it(self):
        self.assertEqual(self.configuration(), {})
        versioning = parse_xml(expect(self.of_bucket("GET", "versioning"), 200))
        self.assertEqual(versioning.findtext("Status"), "Enabled")

    @rows({"no header": {}, "false": {"x-amz-bucket-object-lock-enabled": "false"}})
    def test_of_a_bucket_that_is_made_without(self, headers):
        self.bucket = new_bucket_name()
        expect(call("PUT", f"/{self.bucket}", headers=headers), 200)
        self.addCleanup(call, "DELETE", f"/{self.bucket}")
        expect(self.of_bucket("GET", "object-lock"), 404, code="ObjectLockConfigurationNotFoundError")

    @rows({"never": "", "suspended": "Suspended"})
    def test_needs_versioning(self, status):
        self.bucket = make_bucket()
        self.addCleanup(call, "DELETE", f"/{self.bucket}")
        if status:
            set_versioning(self.bucket, status)
        expect(self.set(configuration_xml()), 409, code="InvalidBucketState")
        expect(self.of_bucket("GET", "object-lock"), 404, code="ObjectLockConfigurationNotFoundError")

    def test_of_a_bucket_that_has_versions_already(self):
        self.bucket = make_bucket()
        self.addCleanup(drop_locking_bucket, self.bucket)
        set_versioning(self.bucket, "Enabled")
        had = self.put_some(b"before")
        expect(self.set(configuration_xml()), 200, body=b"")
        self.assertEqual(self.configuration(), {})
        expect(self.retain("GOVERNANCE", after(DAY_S)), 200)
        self.must_be_kept(*had)

    @rows({f"{mode} {unit} {number}": (mode, unit, number) for mode in ("GOVERNANCE", "COMPLIANCE")
           for unit, number in (("Days", 1), ("Days", 36500), ("Years", 1), ("Years", 100))})
    def test_default_is_kept(self, mode, unit, number):
        expect(self.set(configuration_xml(rule_xml(f"<Mode>{mode}</Mode><{unit}>{number}</{unit}>"))), 200, body=b"")
        self.assertEqual(self.configuration(), {"Mode": mode, unit: str(number)})
        expect(self.set(configuration_xml()), 200)
        self.assertEqual(self.configuration(), {})

    GOVERNANCE = "<Mode>GOVERNANCE</Mode>"

    @rows({"empty": b"", "no XML": b"Enabled", "another document": b"<Lock/>", "nothing": b"<ObjectLockConfiguration/>",
           "disabled": configuration_xml(enabled="<ObjectLockEnabled>Disabled</ObjectLockEnabled>"),
           "an empty rule": configuration_xml("<Rule/>"), "no mode": configuration_xml(rule_xml("<Days>1</Days>")),
           "mode in lower case": configuration_xml(rule_xml("<Mode>governance</Mode><Days>1</Days>")),
           "another mode": configuration_xml(rule_xml("<Mode>SOFT</Mode><Days>1</Days>")),
           "no period": configuration_xml(rule_xml(GOVERNANCE)),
           "days and years": configuration_xml(rule_xml(GOVERNANCE + "<Days>1</Days><Years>1</Years>"))})
    def test_is_malformed(self, body):
        expect(self.set(configuration_xml(rule_xml(self.GOVERNANCE + "<Days>7</Days>"))), 200)
        expect(self.set(body), 400, code="MalformedXML")
        self.assertEqual(self.configuration(), {"Mode": "GOVERNANCE", "Days": "7"})

    @rows({f"{number} {unit}": (unit, number) for unit, most in (("Days", 36500), ("Years", 100))
           for number in (0, -1, most + 1, "many")})
    def test_period_is_out_of_bounds(self, unit, number):
        body = configuration_xml(rule_xml(self.GOVERNANCE + f"<{unit}>{number}</{unit}>"))
        expect(self.set(body), 400, code="InvalidArgument")
        self.assertEqual(self.configuration(), {})

    def test_wrong_md5(self):
        body = configuration_xml(rule_xml(self.GOVERNANCE + "<Days>7</Days>"))
        expect(self.set(body, {"Content-MD5": md5(b"other")}), 400, code="BadDigest")
        self.assertEqual(self.configuration(), {})

    @rows({"GET": b"", "PUT": configuration_xml()})
    def test_of_a_missing_bucket(self, body):
        expect(call("PUT" if body else "GET", f"/{MISSING}", query="object-lock", body=body), 404, code="NoSuchBucket")

    def test_versioning_cannot_be_suspended(self):
        body = b"<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>"
        expect(self.of_bucket("PUT", "versioning", body=body), 409, code="InvalidBucketState")
        self.assertEqual(parse_xml(self.of_bucket("GET", "versioning")).findtext("Status"), "Enabled")

    def test_does_not_outlive_its_bucket(self):
        self.put_version()
        drop_locking_bucket(self.bucket)
        expect(call("PUT", f"/{self.bucket}"), 200)
        expect(self.of_bucket("GET", "object-lock"), 404, code="ObjectLockConfigurationNotFoundError")

    def test_by_boto3(self):
        s3 = client()
        default = {"Mode": "GOVERNANCE", "Days": 3}
        s3.put_object_lock_configuration(Bucket=self.bucket, ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": default}})
        found = s3.get_object_lock_configuration(Bucket=self.bucket)["ObjectLockConfiguration"]
        self.assertEqual(found, {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": default}})
        s3.put_object(Bucket=self.bucket, Key=self.key, Body=b"content")
        head = s3.head_object(Bucket=self.bucket, Key=self.key)
        self.assertEqual(head["ObjectLockMode"], "GOVERNANCE")
        s3.put_object_legal_hold(Bucket=self.bucket, Key=self.key, LegalHold={"Status": "ON"})
        found = s3.get_object_legal_hold(Bucket=self.bucket, Key=self.key)["LegalHold"]
        self.assertEqual(found, {"Status": "ON"})
        retention = s3.get_object_retention(Bucket=self.bucket, Key=self.key)["Retention"]
        self.assertEqual(retention["RetainUntilDate"], head["ObjectLockRetainUntilDate"])


def seconds_left(until: str) -> float:
    return (datetime.datetime.fromisoformat(until.replace("Z", "+00:00"))
            - datetime.datetime.now(datetime.timezone.utc)).total_seconds()


class Defaults(OwnLockCase, UploadCase):
    def set_default(self, mode="GOVERNANCE", period="<Days>2</Days>"):
        body = configuration_xml(rule_xml(f"<Mode>{mode}</Mode>{period}"))
        expect(self.of_bucket("PUT", "object-lock", body=body), 200)

    def must_end_in(self, days, version=None, mode="GOVERNANCE"):
        found, until = self.retention_of(version)
        self.assertEqual(found, mode)
        self.assertAlmostEqual(seconds_left(until), days * DAY_S, delta=300)

    @rows({"days": ("<Days>2</Days>", 2, 2), "a year": ("<Years>1</Years>", 365, 366)})
    def test_hold_for_what_is_put_then(self, period, least, most):
        before = self.put_some(b"before")
        self.set_default(period=period)
        version = self.put_version(b"then")
        self.assertLess(least * DAY_S - 300, seconds_left(self.retention_of(version)[1]))
        self.assertGreater(most * DAY_S + 300, seconds_left(self.retention_of(version)[1]))
        expect(self.get(query=self.query(before[0][0], "retention")), 404, code="NoSuchObjectLockConfiguration")
        self.must_be_kept((version, b"then"), *before)

    def test_what_the_request_says_comes_first(self):
        self.set_default()
        version = self.put_locked(seconds=5 * DAY_S)
        self.must_end_in(5, version)

    def test_a_hold_does_not_end_them(self):
        self.set_default()
        version = self.put_version(headers={HOLD: "ON"})
        self.must_end_in(2, version)
        self.assertEqual(self.hold_of(version), "ON")

    @rows({"copy": "copy", "upload": "upload", "patch": "patch", "append": "append", "append that makes it": "made"})
    def test_hold_for(self, kind):
        old = self.put_version(OLD, "source" if kind in ("copy", "upload") else None) if kind != "made" else None
        self.set_default()
        if kind == "copy":
            answer = self.send("PUT", headers={"x-amz-copy-source": f"{self.bucket}/source"})
        elif kind == "upload":
            upload = self.create()
            answer = self.complete(upload, [(1, self.part(upload, 1))])
        elif kind == "patch":
            answer = self.send("PATCH", headers={"Content-Range": "bytes 0-0/*"}, body=b"x")
        else:
            answer = self.send("PUT", headers={"x-amz-write-offset-bytes": "10" if old else "0"}, body=b"x")
        self.must_end_in(2, version_of(expect(answer, 200)))

    def test_do_not_hold_for_markers(self):
        self.set_default()
        marker = self.add_marker()
        self.drop(marker, marker=True)
        self.must_have()


class Retentions(LockCase):
    def test_by_header(self):
        until = after(DAY_S)
        version = self.put_version(headers={MODE: "GOVERNANCE", UNTIL: until})
        self.assertEqual(self.retention_of(), ("GOVERNANCE", until))
        for send in (self.get, self.head):
            expect(send(), 200, {MODE: "GOVERNANCE", UNTIL: until, HOLD: None})
        self.must_be_kept((version, b"content"))

    @rows({"by id": True, "of the newest": False})
    def test_by_request(self, by_id):
        had = self.put_some(b"1", b"2")
        kept = had[1 if by_id else 0]
        until = after(DAY_S)
        expect(self.retain("GOVERNANCE", until, kept[0] if by_id else None), 200, body=b"")
        self.assertEqual(self.retention_of(kept[0]), ("GOVERNANCE", until))
        expect(self.head_version(kept[0]), 200, {MODE: "GOVERNANCE", UNTIL: until})
        other = had[0 if by_id else 1][0]
        expect(self.head_version(other), 200, NO_LOCK)
        expect(self.get(query=self.query(other, "retention")), 404, code="NoSuchObjectLockConfiguration")
        expect(self.delete_version(kept[0]), 403, code="AccessDenied")
        self.drop(other)
        self.must_have(kept)

    @rows({"UTC": "Z", "an offset": "+02:00"})
    def test_date_may_have(self, zone):
        self.put_version()
        expect(self.retain("GOVERNANCE", "2099-01-02T03:04:05" + zone), 200)
        hour = "03" if zone == "Z" else "01"
        self.assertEqual(self.retention_of()[1], f"2099-01-02T{hour}:04:05.000Z")

    def test_keeps_all_else(self):
        headers = {"Content-Type": "text/plain", "x-amz-meta-a": "b", "x-amz-tagging": "t=1"}
        etag = self.put(headers=headers).get("ETag")
        version = self.head().get("x-amz-version-id")
        expect(self.retain("GOVERNANCE", after(DAY_S)), 200)
        expect(self.get(), 200, {"ETag": etag, "Content-Type": "text/plain", "x-amz-meta-a": "b",
                                 "x-amz-tagging-count": "1", "x-amz-version-id": version}, body=b"content")
        self.must_have((version, b"content"))

    def test_survives_new_tags(self):
        version = self.put_locked()
        retention = self.retention_of()
        expect(self.send("PUT", query="tagging", body=tagging({"a": "1"})), 200)
        self.assertEqual(self.retention_of(version), retention)
        self.must_be_kept((version, b"content"))

    def test_does_not_keep_others_from_writing(self):
        had = [(self.put_locked(), b"content")]
        had = self.put_some(b"new") + had
        had.insert(0, (self.add_marker(), MARKER))
        had = self.put_some(b"newer") + had
        self.must_have(*had)
        expect(self.delete_version(had[3][0]), 403, code="AccessDenied")
        self.drop(had.pop(1)[0], marker=True)
        self.must_have(*had)

    @rows({"patch": "PATCH", "append": "PUT"})
    def test_is_not_that_of_what_a_patch_makes(self, method):
        old = self.put_locked(OLD)
        headers = {"Content-Range": "bytes 10-/*"} if method == "PATCH" else {"x-amz-write-offset-bytes": "10"}
        new = version_of(expect(self.send(method, headers=headers, body=b"x"), 200))
        expect(self.head(), 200, NO_LOCK)
        self.must_have((new, OLD + b"x"), (old, OLD))
        self.drop(new)
        self.must_be_kept((old, OLD))

    def test_is_not_that_of_a_copy(self):
        self.put_locked()
        expect(self.send("PUT", "copy", headers={"x-amz-copy-source": f"{self.bucket}/{quote(self.key)}"}), 200)
        expect(self.head("copy"), 200, NO_LOCK)

    @rows({"said": BYPASS, "said in another case": {"X-Amz-Bypass-Governance-Retention": "TRUE"}})
    def test_governance_is_passed_by(self, headers):
        version = self.put_locked()
        expect(self.delete_version(version, headers=headers), 204, {"x-amz-version-id": version})
        self.must_have()

    def test_governance_is_passed_by_of_many(self):
        result = self.delete_many(self.put_locked(), BYPASS)
        self.assertEqual(texts(result, "Deleted/Key"), [self.key])
        self.must_have()

    @rows({"false": {"x-amz-bypass-governance-retention": "false"}, "empty": {"x-amz-bypass-governance-retention": ""}})
    def test_governance_is_not_passed_by(self, headers):
        self.must_be_kept((self.put_locked(), b"content"), headers=headers)

    # what comes after a day of governance -> does it need the bypass
    CHANGES = {"longer": ("GOVERNANCE", 2, False), "shorter": ("GOVERNANCE", 0.5, True), "none": ("", 0, True)}

    @rows(CHANGES)
    def test_governance_is_changed(self, mode, days, needs):
        version = self.put_locked()
        before = self.retention_of()
        body = retention_xml(mode, after(days * DAY_S)) if mode else b"<Retention/>"
        answer = self.set_retention(body, version)
        if needs:
            expect(answer, 403, code="AccessDenied")
            self.assertEqual(self.retention_of(), before)
            answer = self.set_retention(body, version, BYPASS)
        expect(answer, 200)
        if mode:
            self.assertAlmostEqual(seconds_left(self.retention_of()[1]), days * DAY_S, delta=300)
            self.must_be_kept((version, b"content"))
        else:
            expect(self.get(query="retention"), 404, code="NoSuchObjectLockConfiguration")
            self.drop(version)

    def test_the_same_again(self):
        self.put_locked()
        mode, until = self.retention_of()
        expect(self.retain(mode, until), 200)
        self.assertEqual(self.retention_of(), (mode, until))

    def test_ends(self):
        version = self.put_locked(seconds=5)
        expect(self.delete_version(version), 403, code="AccessDenied")
        deadline = time.monotonic() + DEADLINE_S
        while (answer := self.delete_version(version)).status == 403 and time.monotonic() < deadline:
            expect(answer, 403, code="AccessDenied")
            time.sleep(0.1)
        expect(answer, 204, {"x-amz-version-id": version})
        self.must_have()

    @rows({"empty": b"", "no XML": b"GOVERNANCE", "another document": hold_xml("ON"),
           "no mode": b"<Retention><RetainUntilDate>2099-01-01T00:00:00Z</RetainUntilDate></Retention>",
           "no date": b"<Retention><Mode>GOVERNANCE</Mode></Retention>",
           "another mode": retention_xml("SOFT", "2099-01-01T00:00:00Z"),
           "mode in lower case": retention_xml("governance", "2099-01-01T00:00:00Z"),
           "date of words": retention_xml("GOVERNANCE", "tomorrow"), "empty date": retention_xml("GOVERNANCE", "")})
    def test_is_malformed(self, body):
        version = self.put_version()
        expect(self.set_retention(body), 400, code="MalformedXML")
        expect(self.get(query="retention"), 404, code="NoSuchObjectLockConfiguration")
        self.drop(version)

    def test_in_the_past(self):
        version = self.put_version()
        expect(self.retain("GOVERNANCE", "2020-01-01T00:00:00Z"), 400, code="InvalidArgument")
        self.drop(version)

    @rows({"mode alone": {MODE: "GOVERNANCE"}, "date alone": {UNTIL: "2099-01-01T00:00:00Z"},
           "another mode": {MODE: "SOFT", UNTIL: "2099-01-01T00:00:00Z"},
           "date of words": {MODE: "GOVERNANCE", UNTIL: "tomorrow"},
           "in the past": {MODE: "GOVERNANCE", UNTIL: "2020-01-01T00:00:00Z"},
           "hold in lower case": {HOLD: "on"}, "hold of another word": {HOLD: "YES"}})
    def test_header_is_refused(self, headers):
        expect(self.send("PUT", headers=headers, body=b"x"), 400, code="InvalidArgument")
        self.must_have()

    @rows({f"{method} {what}": (method, what) for method in ("GET", "PUT") for what in ("retention", "legal-hold")})
    def test_of_what_is_not_there(self, method, what):
        body = b"" if method == "GET" else hold_xml("ON") if what == "legal-hold" else retention_xml(
            "GOVERNANCE", after(DAY_S))
        expect(self.send(method, query=what, body=body), 404, code="NoSuchKey")
        gone = self.put_version()
        self.drop(gone)
        expect(self.send(method, query=self.query(gone, what), body=body), 404, code="NoSuchVersion")
        expect(self.send(method, query=self.query("!$*", what), body=body), 400, code="InvalidArgument")
        marker = self.add_marker()
        expect(self.send(method, query=self.query(marker, what), body=body), 405, code="MethodNotAllowed")
        expect(self.send(method, query=what, body=body), 404, code="NoSuchKey")
        self.must_have((marker, MARKER))

    def test_does_not_let_the_bucket_go(self):
        self.put_locked()
        expect(call("DELETE", f"/{self.bucket}"), 409, code="BucketNotEmpty")


class Holds(LockCase):
    def test_of_none(self):
        self.put_version()
        expect(self.get(query="legal-hold"), 404, code="NoSuchObjectLockConfiguration")
        expect(self.head(), 200, NO_LOCK)

    @rows({"by header": True, "by request": False})
    def test_keep_the_version_until_they_end(self, by_header):
        version = self.put_version(headers={HOLD: "ON"} if by_header else None)
        if not by_header:
            expect(self.hold("ON"), 200, body=b"")
        self.assertEqual(self.hold_of(), "ON")
        expect(self.head(), 200, {HOLD: "ON", MODE: None})
        self.must_be_kept((version, b"content"))
        self.must_be_kept((version, b"content"), headers=BYPASS)
        expect(self.hold("OFF"), 200)
        self.assertEqual(self.hold_of(), "OFF")
        expect(self.head(), 200, {HOLD: "OFF"})
        self.drop(version)
        self.must_have()

    def test_are_of_their_version(self):
        had = self.put_some(b"1", b"2")
        expect(self.hold("ON", had[1][0]), 200)
        expect(self.head_version(had[0][0]), 200, {HOLD: None})
        self.drop(had.pop(0)[0])
        self.must_be_kept(*had)

    def test_stand_beside_the_retention(self):
        version = self.put_locked()
        expect(self.hold("ON"), 200)
        self.must_be_kept((version, b"content"), headers=BYPASS)
        self.assertEqual(self.retention_of()[0], "GOVERNANCE")
        expect(self.hold("OFF"), 200)
        self.must_be_kept((version, b"content"))
        expect(self.delete_version(version, headers=BYPASS), 204)
        self.must_have()

    def test_do_not_keep_others_from_writing(self):
        had = [(self.put_version(headers={HOLD: "ON"}), b"content")]
        had = self.put_some(b"new") + had
        had.insert(0, (self.add_marker(), MARKER))
        self.must_have(*had)

    @rows({"empty": b"", "no status": b"<LegalHold/>", "lower case": hold_xml("on"), "true": hold_xml("true"),
           "another document": b"<Hold><Status>ON</Status></Hold>", "cut short": hold_xml("ON")[:-2]})
    def test_are_malformed(self, body):
        version = self.put_version()
        expect(self.send("PUT", query="legal-hold", body=body), 400, code="MalformedXML")
        expect(self.get(query="legal-hold"), 404, code="NoSuchObjectLockConfiguration")
        self.drop(version)


class Without(Versions, BucketCase):
    """In a bucket whose versions cannot be locked, though it has some."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        set_versioning(cls.bucket, "Enabled")

    @rows({"GET retention": ("GET", "retention", b""), "GET legal-hold": ("GET", "legal-hold", b""),
           "PUT retention": ("PUT", "retention", retention_xml("GOVERNANCE", "2099-01-01T00:00:00Z")),
           "PUT legal-hold": ("PUT", "legal-hold", hold_xml("ON"))})
    def test_is_refused(self, method, query, body):
        version = self.put_version()
        expect(self.send(method, query=query, body=body), 400, code="InvalidRequest")
        self.drop(version)

    @rows({f"{what} {name}": (what, headers) for what in ("PUT", "copy", "upload", "append") for name, headers in (
        ("retention", {MODE: "GOVERNANCE", UNTIL: "2099-01-01T00:00:00Z"}), ("hold", {HOLD: "ON"}))})
    def test_headers_are_refused(self, what, headers):
        if what == "copy":
            self.put_version(key="source")
            headers = headers | {"x-amz-copy-source": f"{self.bucket}/source"}
        if what == "append":
            had = self.put_some(b"content")
            headers = headers | {"x-amz-write-offset-bytes": "7"}
            expect(self.send("PUT", headers=headers, body=b"x"), 400, code="InvalidRequest")
            return self.must_have(*had)
        answer = self.send("POST", query="uploads", headers=headers) if what == "upload" else \
            self.send("PUT", headers=headers, body=b"" if what == "copy" else b"x")
        expect(answer, 400, code="InvalidRequest")
        self.must_have()


class Making(LockCase, UploadCase):
    """Locks of versions that are made by other requests than PUT."""

    @rows({"retention": {MODE: "GOVERNANCE", UNTIL: "2099-01-01T00:00:00.000Z"}, "hold": {HOLD: "ON"},
           "both": {MODE: "GOVERNANCE", UNTIL: "2099-01-01T00:00:00.000Z", HOLD: "ON"}})
    def test_by_copy(self, headers):
        self.put_version(key="source")
        answer = self.send("PUT", headers=headers | {"x-amz-copy-source": f"{self.bucket}/source"})
        version = version_of(expect(answer, 200))
        expect(self.head(), 200, headers)
        self.must_be_kept((version, b"content"))

    @rows({"retention": {MODE: "GOVERNANCE", UNTIL: "2099-01-01T00:00:00.000Z"}, "hold": {HOLD: "ON"}})
    def test_by_upload(self, headers):
        upload = self.create(headers=headers)
        version = version_of(expect(self.complete(upload, [(1, self.part(upload, 1, b"content"))]), 200))
        expect(self.head(), 200, headers)
        self.must_be_kept((version, b"content"))


class Compliance(LockCase):
    """Nobody may shorten it: its versions go when it is over, at the end of the class."""

    def test_keeps_the_version(self):
        version = self.put_locked(mode="COMPLIANCE", seconds=COMPLIANT_S)
        for headers in (None, BYPASS):
            self.must_be_kept((version, b"content"), headers=headers)

    @rows({"shorter": ("COMPLIANCE", COMPLIANT_S - 5), "governance": ("GOVERNANCE", COMPLIANT_S + 5), "none": ("", 0)})
    def test_is_not_shortened(self, mode, seconds):
        version = self.put_locked(mode="COMPLIANCE", seconds=COMPLIANT_S)
        before = self.retention_of()
        body = retention_xml(mode, after(seconds)) if mode else b"<Retention/>"
        for headers in (None, BYPASS):
            expect(self.set_retention(body, headers=headers), 403, code="AccessDenied")
        self.assertEqual(self.retention_of(), before)
        expect(self.delete_version(version, headers=BYPASS), 403, code="AccessDenied")

    def test_is_extended(self):
        self.put_locked(mode="COMPLIANCE", seconds=COMPLIANT_S)
        until = after(COMPLIANT_S + 2)
        expect(self.retain("COMPLIANCE", until), 200)
        self.assertEqual(self.retention_of(), ("COMPLIANCE", until))

    def test_after_governance_needs_the_bypass(self):
        self.put_locked(seconds=COMPLIANT_S)
        body = retention_xml("COMPLIANCE", after(COMPLIANT_S + 2))
        expect(self.set_retention(body), 403, code="AccessDenied")
        expect(self.set_retention(body, headers=BYPASS), 200)
        self.assertEqual(self.retention_of()[0], "COMPLIANCE")

    def test_of_a_default(self):
        version = self.put_version()
        expect(self.retain("COMPLIANCE", after(COMPLIANT_S)), 200)
        self.must_be_kept((version, b"content"), headers=BYPASS)


class Permissions(LockCase):
    """What a client without credentials may do by the bucket's policy."""

    def setUp(self):
        super().setUp()
        self.addCleanup(self.of_bucket, "DELETE", "policy")

    def allow(self, *actions, deny=()):
        statements = [statement(self.bucket, list(actions))]
        statements += [statement(self.bucket, list(deny), "Deny")] if deny else []
        expect(self.of_bucket("PUT", "policy", body=policy(*statements)), 204)

    def anonymously(self, method, **options):
        return self.send(method, auth="none", **options)

    OPERATIONS = {"GET retention": ("s3:GetObjectRetention", "GET", "retention", b""),
                  "PUT retention": ("s3:PutObjectRetention", "PUT", "retention",
                                    retention_xml("GOVERNANCE", "2099-01-01T00:00:00Z")),
                  "GET legal-hold": ("s3:GetObjectLegalHold", "GET", "legal-hold", b""),
                  "PUT legal-hold": ("s3:PutObjectLegalHold", "PUT", "legal-hold", hold_xml("ON"))}

    @rows(OPERATIONS)
    def test_alone_allows(self, action, method, query, body):
        self.put_version(headers={HOLD: "OFF", MODE: "GOVERNANCE", UNTIL: after(DAY_S)})
        self.allow(action)
        expect(self.anonymously(method, query=query, body=body), 200)

    @rows(OPERATIONS)
    def test_all_but_it_do_not_allow(self, action, method, query, body):
        self.put_version(headers={HOLD: "OFF", MODE: "GOVERNANCE", UNTIL: after(DAY_S)})
        self.allow("s3:*", deny=[action])
        expect(self.anonymously(method, query=query, body=body), 403, code="AccessDenied")

    @rows({"GET": ("s3:GetBucketObjectLockConfiguration", b""),
           "PUT": ("s3:PutBucketObjectLockConfiguration", configuration_xml())})
    def test_of_the_configuration(self, action, body):
        method = "PUT" if body else "GET"
        self.allow(action)
        expect(self.of_bucket(method, "object-lock", body=body, auth="none"), 200)
        self.allow("s3:*", deny=[action])
        expect(self.of_bucket(method, "object-lock", body=body, auth="none"), 403, code="AccessDenied")

    @rows({"retention": ({MODE: "GOVERNANCE", UNTIL: "2099-01-01T00:00:00Z"}, "s3:PutObjectRetention"),
           "hold": ({HOLD: "ON"}, "s3:PutObjectLegalHold")})
    def test_headers_need_it_too(self, headers, action):
        self.allow("s3:PutObject")
        expect(self.anonymously("PUT", headers=headers, body=b"x"), 403, code="AccessDenied")
        self.must_have()
        self.allow("s3:PutObject", action)
        expect(self.anonymously("PUT", headers=headers, body=b"x"), 200)

    def test_bypass_needs_its_permission(self):
        version = self.put_locked()
        self.allow("s3:DeleteObjectVersion", "s3:PutObjectRetention")
        options = {"query": self.query(version), "headers": BYPASS}
        expect(self.anonymously("DELETE", **options), 403, code="AccessDenied")
        shorter = retention_xml("GOVERNANCE", after(DAY_S / 2))
        expect(self.anonymously("PUT", query="retention", body=shorter, headers=BYPASS), 403, code="AccessDenied")
        self.must_have((version, b"content"))
        self.allow("s3:DeleteObjectVersion", "s3:PutObjectRetention", "s3:BypassGovernanceRetention")
        expect(self.anonymously("PUT", query="retention", body=shorter, headers=BYPASS), 200)
        expect(self.anonymously("DELETE", **options), 204)
        self.must_have()

    def test_answers_show_it_to_whoever_may_see_it(self):
        self.put_version(headers={HOLD: "ON", MODE: "GOVERNANCE", UNTIL: after(DAY_S)})
        self.allow("s3:GetObject")
        expect(self.anonymously("GET"), 200, NO_LOCK, body=b"content")
        self.allow("s3:GetObject", "s3:GetObjectLegalHold")
        expect(self.anonymously("HEAD"), 200, {HOLD: "ON", MODE: None, UNTIL: None})
        self.allow("s3:GetObject", "s3:GetObjectRetention")
        expect(self.anonymously("HEAD"), 200, {HOLD: None, MODE: "GOVERNANCE"})
