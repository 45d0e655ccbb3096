"""Lifecycle rules: the documents, and the expiry that GET and HEAD tell; not that they act when it comes."""
import datetime
import email.utils
import re

from .harness import BucketCase, expect, parse_xml, rows, texts


def rule(actions: str = "<Expiration><Days>3</Days></Expiration>",
         filtered: str = "<Filter><Prefix/></Filter>",
         status: str = "Enabled", name: str = "r") -> str:
    return f"<Rule><ID>{name}</ID>{filtered}<Status>{status}</Status>{actions}</Rule>"


def document(*rules: str) -> bytes:
    namespace = "http://s3.amazonaws.com/doc/2006-03-01/"
    return f'<LifecycleConfiguration xmlns="{namespace}">{"".join(rules)}</LifecycleConfiguration>'.encode()


def midnight_after(written: str, days: int) -> datetime.datetime:
    """When an object that was written then expires: `days` later, at the next midnight UTC."""
    end = email.utils.parsedate_to_datetime(written) + datetime.timedelta(days=days)
    midnight = end.replace(hour=0, minute=0, second=0)
    return midnight if midnight == end else midnight + datetime.timedelta(days=1)


class LifecycleCase(BucketCase):
    """The rules of the bucket go with their case."""

    def setUp(self):
        super().setUp()
        self.addCleanup(self.of_bucket, "DELETE", "lifecycle")

    def set_rules(self, *rules):
        expect(self.of_bucket("PUT", "lifecycle", body=document(*rules)), 200)


def abort_after(days: int) -> str:
    return ("<AbortIncompleteMultipartUpload>"
            f"<DaysAfterInitiation>{days}</DaysAfterInitiation></AbortIncompleteMultipartUpload>")


BOTH = "<Expiration><Days>1</Days><Date>2099-01-01T00:00:00Z</Date></Expiration>"
TO_GLACIER = "<StorageClass>GLACIER</StorageClass>"
REFUSED = {
    "empty": (b"", "MalformedXML"), "no rules": (document(), "MalformedXML"),
    "no XML": (b"x", "MalformedXML"),
    "another document": (b"<Tagging/>", "MalformedXML"),
    "no status": (document(rule().replace("<Status>Enabled</Status>", "")), "MalformedXML"),
    "unknown status": (document(rule(status="On")), "MalformedXML"),
    "no filter": (document(rule(filtered="")), "MalformedXML"),
    "filter and prefix": (document(rule(filtered="<Filter/><Prefix/>")), "MalformedXML"),
    "no action": (document(rule("")), "InvalidRequest"),
    "0 days": (document(rule("<Expiration><Days>0</Days></Expiration>")), "InvalidArgument"),
    "negative days": (document(rule("<Expiration><Days>-1</Days></Expiration>")), "InvalidArgument"),
    "not at midnight": (document(rule("<Expiration><Date>2099-01-01T12:00:00Z</Date></Expiration>")),
                        "InvalidArgument"),
    "date that is none": (document(rule("<Expiration><Date>soon</Date></Expiration>")), "MalformedXML"),
    "days and date": (document(rule(BOTH)), "MalformedXML"),
    "empty expiration": (document(rule("<Expiration/>")), "MalformedXML"),
    "two of one ID": (document(rule(), rule()), "InvalidArgument"),
    "long ID": (document(rule(name="i" * 256)), "InvalidArgument"),
    "tags and uploads": (document(rule(abort_after(1),
                                       "<Filter><Tag><Key>a</Key><Value>1</Value></Tag></Filter>")),
                         "InvalidRequest"),
    "1001 rules": (document(*(rule(name=str(number)) for number in range(1001))), "MalformedXML"),
}


class Documents(LifecycleCase):
    def test_is_put_read_and_deleted(self):
        self.set_rules(rule(name="one"),
                       rule(abort_after(7),
                            "<Filter><Prefix>tmp/</Prefix></Filter>", "Disabled", "two"))
        found = parse_xml(expect(self.of_bucket("GET", "lifecycle"), 200,
                                 {"Content-Type": "application/xml"}))
        self.assertEqual((found.tag, texts(found, "Rule/ID")), ("LifecycleConfiguration", ["one", "two"]))
        self.assertEqual(texts(found, "Rule/Status"), ["Enabled", "Disabled"])
        self.assertEqual(texts(found, "Rule/Filter/Prefix"), ["", "tmp/"])
        self.assertEqual(texts(found, "Rule/Expiration/Days"), ["3"])
        self.assertEqual(texts(found, "Rule/AbortIncompleteMultipartUpload/DaysAfterInitiation"), ["7"])
        expect(self.of_bucket("DELETE", "lifecycle"), 204)
        expect(self.of_bucket("GET", "lifecycle"), 404, code="NoSuchLifecycleConfiguration")
        expect(self.of_bucket("DELETE", "lifecycle"), 204)

    @rows(REFUSED)
    def test_is_refused_and_the_old_one_stays(self, body, code):
        self.set_rules(rule(name="old"))
        expect(self.of_bucket("PUT", "lifecycle", body=body), 400, code=code)
        self.assertEqual(texts(parse_xml(expect(self.of_bucket("GET", "lifecycle"), 200)), "Rule/ID"),
                         ["old"])

    @rows({"transition": f"<Transition><Days>1</Days>{TO_GLACIER}</Transition>",
           "noncurrent transition": "<NoncurrentVersionTransition><NoncurrentDays>1</NoncurrentDays>"
                                    f"{TO_GLACIER}</NoncurrentVersionTransition>"})
    def test_transitions_are_not_served(self, actions):
        expect(self.of_bucket("PUT", "lifecycle", body=document(rule(actions))), 501, code="NotImplemented")
        expect(self.of_bucket("GET", "lifecycle"), 404, code="NoSuchLifecycleConfiguration")

    def test_rules_without_an_id_get_one(self):
        self.set_rules(*(rule(name="").replace("<ID></ID>", "") for _ in range(2)))
        names = texts(parse_xml(expect(self.of_bucket("GET", "lifecycle"), 200)), "Rule/ID")
        self.assertEqual(len(set(names)), 2)
        self.assertTrue(all(names))


SMALL_TAG = "<Tag><Key>a</Key><Value>1</Value></Tag>"
# Of an object doc/a of 100 bytes with the tags a=1 and b=2.
FILTERS = {
    "everything": ("<Filter/>", True), "empty prefix": ("<Filter><Prefix/></Filter>", True),
    "prefix": ("<Filter><Prefix>doc/</Prefix></Filter>", True),
    "old prefix": ("<Prefix>doc/</Prefix>", True),
    "another prefix": ("<Filter><Prefix>tmp/</Prefix></Filter>", False),
    "case of the prefix": ("<Filter><Prefix>DOC/</Prefix></Filter>", False),
    "tag": (f"<Filter>{SMALL_TAG}</Filter>", True),
    "another value": ("<Filter><Tag><Key>a</Key><Value>2</Value></Tag></Filter>", False),
    "another tag": ("<Filter><Tag><Key>c</Key><Value>1</Value></Tag></Filter>", False),
    "larger": ("<Filter><ObjectSizeGreaterThan>99</ObjectSizeGreaterThan></Filter>", True),
    "not larger": ("<Filter><ObjectSizeGreaterThan>100</ObjectSizeGreaterThan></Filter>", False),
    "smaller": ("<Filter><ObjectSizeLessThan>101</ObjectSizeLessThan></Filter>", True),
    "not smaller": ("<Filter><ObjectSizeLessThan>100</ObjectSizeLessThan></Filter>", False),
    "prefix and tag": (f"<Filter><And><Prefix>doc/</Prefix>{SMALL_TAG}</And></Filter>", True),
    "two tags": (f"<Filter><And>{SMALL_TAG}<Tag><Key>b</Key><Value>2</Value></Tag></And></Filter>", True),
    "one of two tags": (f"<Filter><And>{SMALL_TAG}<Tag><Key>b</Key><Value>3</Value></Tag></And></Filter>",
                        False),
    "another prefix and tag": (f"<Filter><And><Prefix>tmp/</Prefix>{SMALL_TAG}</And></Filter>", False),
}


class Expiry(LifecycleCase):
    def setUp(self):
        super().setUp()
        self.put(b"x" * 100, "doc/a", {"x-amz-tagging": "a=1&b=2"})

    def told(self):
        """What HEAD tells: the time and the rule, or None; GET has to tell the same."""
        head = expect(self.head("doc/a"), 200)
        field = head.get("x-amz-expiration")
        expect(self.get("doc/a"), 200, {"x-amz-expiration": field})
        if field is None:
            return None
        found = re.fullmatch(r'expiry-date="([^"]*)", rule-id="([^"]*)"', field)
        self.assertIsNotNone(found, field)
        return email.utils.parsedate_to_datetime(found[1]), found[2]

    def in_days(self, days):
        return midnight_after(expect(self.head("doc/a"), 200).get("Last-Modified"), days)

    @rows(FILTERS)
    def test_is_told_by(self, filtered, applies):
        self.set_rules(rule(filtered=filtered))
        self.assertEqual(self.told(), (self.in_days(3), "r") if applies else None)

    def test_is_not_told_without_rules(self):
        self.assertIsNone(self.told())

    def test_is_not_told_by_one_that_is_disabled(self):
        self.set_rules(rule(status="Disabled"))
        self.assertIsNone(self.told())

    def test_at_a_date(self):
        self.set_rules(rule("<Expiration><Date>2099-05-06T00:00:00Z</Date></Expiration>"))
        self.assertEqual(self.told(), (datetime.datetime(2099, 5, 6, tzinfo=datetime.timezone.utc), "r"))

    def test_of_the_earliest_rule(self):
        self.set_rules(*(rule(f"<Expiration><Days>{days}</Days></Expiration>",
                              name=f"in {days}") for days in (9, 2, 5)))
        self.assertEqual(self.told(), (self.in_days(2), "in%202"))

    def test_is_not_told_by_a_rule_of_uploads(self):
        self.set_rules(rule(abort_after(1)))
        self.assertIsNone(self.told())

    def test_ends_with_the_document(self):
        self.set_rules(rule())
        self.assertIsNotNone(self.told())
        expect(self.of_bucket("DELETE", "lifecycle"), 204)
        self.assertIsNone(self.told())
