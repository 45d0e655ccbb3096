"""Buckets: names, making and deleting, listing, and the answers about one that are the same for all."""
from .harness import (ISO_DATE, MISSING, RUN, BucketCase, Case, call, client, expect, md5, new_bucket_name,
                      parse_xml,
                      quote, rows, tagging, texts)
from .signing import REGION

LONGEST = (RUN + "x" * 63)[:63]


def configuration(location: str) -> bytes:
    return (f'<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{location}'
            "</CreateBucketConfiguration>").encode()


class Names(Case):
    @rows({"of 3 characters": RUN[:3], "of 63 characters": LONGEST, "digits": "0" + str(int(RUN, 16))[:20],
           "dots": f"a.{RUN}.c", "hyphens": f"a-{RUN}--c", "like no address": f"1.2.3.4.{RUN}"})
    def test_is_taken(self, name):
        expect(call("PUT", f"/{name}"), 200, {"Location": f"/{name}"}, body=b"")
        expect(call("HEAD", f"/{name}"), 200)
        expect(call("DELETE", f"/{name}"), 204)

    @rows({"of 2 characters": "ab", "of 64 characters": "a" * 64, "upper case": "Suite-Upper",
           "underscore": "suite_a",
           "hyphen first": "-suite", "hyphen last": "suite-", "dot first": ".suite", "dot last": "suite.",
           "two dots": "suite..a", "IPv4 address": "192.168.5.4", "xn--": "xn--suite",
           "sthree-": "sthree-suite",
           "amzn-s3-demo-": "amzn-s3-demo-suite", "-s3alias": "suite-s3alias", "--ol-s3": "suite--ol-s3",
           ".mrap": "suite.mrap", "--x-s3": "suite--x-s3", "--table-s3": "suite--table-s3",
           "blank": "suite a",
           "not ASCII": "süite", "colon": "suite:a", "star": "suite*", "slash": "suite%2Fa"})
    def test_is_refused(self, name):
        path = "/" + (name if "%" in name else quote(name))
        expect(call("PUT", path), 400, code="InvalidBucketName")


class Making(Case):
    def setUp(self):
        self.bucket = new_bucket_name()

    def tearDown(self):
        call("DELETE", f"/{self.bucket}")

    def make(self, **options):
        return call("PUT", f"/{self.bucket}", **options)

    def test_one_that_is_made_is_there(self):
        expect(call("HEAD", f"/{self.bucket}"), 404, code="NoSuchBucket")
        expect(self.make(), 200, {"Location": f"/{self.bucket}"}, body=b"")
        expect(call("HEAD", f"/{self.bucket}"), 200, {"x-amz-bucket-region": REGION})

    def test_again_is_a_conflict_and_loses_nothing(self):
        expect(self.make(), 200)
        expect(call("PUT", f"/{self.bucket}/key", body=b"kept"), 200)
        expect(self.make(), 409, code="BucketAlreadyOwnedByYou")
        expect(call("GET", f"/{self.bucket}/key"), 200, body=b"kept")
        expect(call("DELETE", f"/{self.bucket}/key"), 204)

    def test_again_after_deletion_is_empty(self):
        expect(self.make(), 200)
        expect(call("PUT", f"/{self.bucket}", query="tagging", body=tagging({"a": "b"})), 204)
        expect(call("PUT", f"/{self.bucket}/key", body=b"old"), 200)
        expect(call("DELETE", f"/{self.bucket}/key"), 204)
        expect(call("DELETE", f"/{self.bucket}"), 204)
        expect(self.make(), 200)
        expect(call("GET", f"/{self.bucket}/key"), 404, code="NoSuchKey")
        expect(call("GET", f"/{self.bucket}", query="tagging"), 404, code="NoSuchTagSet")

    @rows({"of this site": f"<LocationConstraint>{REGION}</LocationConstraint>", "left out": "",
           "empty": "<LocationConstraint/>"})
    def test_a_location_is_taken(self, location):
        expect(self.make(body=configuration(location)), 200)
        expect(call("HEAD", f"/{self.bucket}"), 200)

    @rows({"of another site": (configuration("<LocationConstraint>eu-west-1</LocationConstraint>"),
                               "InvalidLocationConstraint"),
           "cut short": (b"<CreateBucketConfiguration>", "MalformedXML"),
           "no XML": (b"us-east-1", "MalformedXML"),
           "another document": (b"<Tagging/>", "MalformedXML")})
    def test_a_configuration_is_refused_and_nothing_made(self, document, code):
        expect(self.make(body=document), 400, code=code)
        expect(call("HEAD", f"/{self.bucket}"), 404, code="NoSuchBucket")

    @rows({"public-read": "public-read", "public-read-write": "public-read-write",
           "authenticated-read": "authenticated-read"})
    def test_an_acl_is_refused_and_nothing_made(self, acl):
        expect(self.make(headers={"x-amz-acl": acl}), 400, code="AccessControlListNotSupported")
        expect(call("HEAD", f"/{self.bucket}"), 404, code="NoSuchBucket")

    def test_private_acl_is_taken(self):
        expect(self.make(headers={"x-amz-acl": "private"}), 200)

    def test_wrong_payload_makes_nothing(self):
        expect(self.make(body=configuration(""), payload="0" * 64), 400, code="XAmzContentSHA256Mismatch")
        expect(call("HEAD", f"/{self.bucket}"), 404, code="NoSuchBucket")

    def test_by_boto3(self):
        s3 = client()
        s3.create_bucket(Bucket=self.bucket)
        self.assertIn(self.bucket, [found["Name"] for found in s3.list_buckets()["Buckets"]])
        self.assertIsNone(s3.get_bucket_location(Bucket=self.bucket)["LocationConstraint"])
        s3.delete_bucket(Bucket=self.bucket)
        with self.assertRaises(s3.exceptions.ClientError) as missing:
            s3.head_bucket(Bucket=self.bucket)
        self.assertEqual(missing.exception.response["Error"]["Code"], "404")


class Deleting(Case):
    def setUp(self):
        self.bucket = new_bucket_name()
        expect(call("PUT", f"/{self.bucket}"), 200)

    def tearDown(self):
        call("DELETE", f"/{self.bucket}/key")
        call("DELETE", f"/{self.bucket}")

    def test_is_gone_at_once(self):
        expect(call("DELETE", f"/{self.bucket}"), 204)
        expect(call("HEAD", f"/{self.bucket}"), 404, code="NoSuchBucket")
        expect(call("PUT", f"/{self.bucket}/key", body=b"x"), 404, code="NoSuchBucket")
        expect(call("GET", f"/{self.bucket}"), 404, code="NoSuchBucket")

    def test_again_is_not_found(self):
        expect(call("DELETE", f"/{self.bucket}"), 204)
        expect(call("DELETE", f"/{self.bucket}"), 404, code="NoSuchBucket")

    def test_with_an_object_is_a_conflict(self):
        expect(call("PUT", f"/{self.bucket}/key", body=b"kept"), 200)
        expect(call("DELETE", f"/{self.bucket}"), 409, code="BucketNotEmpty")
        expect(call("GET", f"/{self.bucket}/key"), 200, body=b"kept")


class Listing(Case):
    @classmethod
    def setUpClass(cls):
        cls.prefix = new_bucket_name() + "-"
        cls.buckets = sorted(f"{cls.prefix}{name}" for name in ("a", "a-b", "b", "c", "d"))
        for bucket in cls.buckets:
            expect(call("PUT", f"/{bucket}"), 200)

    @classmethod
    def tearDownClass(cls):
        for bucket in cls.buckets:
            expect(call("DELETE", f"/{bucket}"), 204)

    def page(self, **query):
        names = {name.replace("_", "-"): value for name, value in query.items()}
        return parse_xml(expect(call("GET", "/", query=names), 200, {"Content-Type": "application/xml"}))

    def test_names_all_with_owner_and_date(self):
        page = self.page()
        self.assertEqual(page.tag, "ListAllMyBucketsResult")
        self.assertTrue(page.findtext("Owner/ID"))
        names = texts(page, "Buckets/Bucket/Name")
        self.assertEqual(names, sorted(names))
        self.assertLessEqual(set(self.buckets), set(names))
        for date in texts(page, "Buckets/Bucket/CreationDate"):
            self.assertRegex(date, ISO_DATE)

    def test_prefix_chooses_and_is_echoed(self):
        page = self.page(prefix=self.prefix + "a")
        self.assertEqual(texts(page, "Buckets/Bucket/Name"), self.buckets[:2])
        self.assertEqual(page.findtext("Prefix"), self.prefix + "a")

    def test_prefix_of_none_gives_none(self):
        self.assertEqual(texts(self.page(prefix=self.prefix + "zzz"), "Buckets/Bucket/Name"), [])

    @rows({str(size): size for size in (1, 2, 3, 4, 5, 6, 10_000)})
    def test_pages_join_to_the_whole(self, size):
        pages, query = [], {"prefix": self.prefix, "max_buckets": size}
        while True:
            page = self.page(**query)
            pages.append(texts(page, "Buckets/Bucket/Name"))
            token = page.findtext("ContinuationToken")
            if not token:
                break
            query["continuation_token"] = token
        self.assertEqual(sum(pages, []), self.buckets)
        self.assertTrue(all(len(page) == size for page in pages[:-1]), pages)
        self.assertTrue(pages[-1])

    @rows({"0": "0", "negative": "-1", "10001": "10001", "no number": "x", "blank before": " 1"})
    def test_max_buckets_is_refused(self, most):
        expect(call("GET", "/", query={"max-buckets": most}), 400, code="InvalidArgument")


class Facts(BucketCase):
    def document(self, query):
        return parse_xml(expect(self.of_bucket("GET", query), 200, {"Content-Type": "application/xml"}))

    def test_location_of_us_east_1_is_empty(self):
        location = self.document("location")
        self.assertEqual((location.tag, location.text or ""), ("LocationConstraint", ""))

    def test_versioning_was_never_configured(self):
        versioning = self.document("versioning")
        self.assertEqual((versioning.tag, list(versioning)), ("VersioningConfiguration", []))

    def test_acl_is_full_control_of_the_owner(self):
        acl = self.document("acl")
        owner = acl.findtext("Owner/ID")
        self.assertTrue(owner)
        self.assertEqual(texts(acl, "AccessControlList/Grant/Grantee/ID"), [owner])
        self.assertEqual(texts(acl, "AccessControlList/Grant/Permission"), ["FULL_CONTROL"])

    def test_ownership_is_enforced(self):
        self.assertEqual(texts(self.document("ownershipControls"), "Rule/ObjectOwnership"),
                         ["BucketOwnerEnforced"])

    def test_the_owner_pays(self):
        self.assertEqual(self.document("requestPayment").findtext("Payer"), "BucketOwner")

    def test_logging_is_off(self):
        logging = self.document("logging")
        self.assertEqual((logging.tag, list(logging)), ("BucketLoggingStatus", []))

    def test_encryption_is_aes256(self):
        rule = "Rule/ApplyServerSideEncryptionByDefault/SSEAlgorithm"
        self.assertEqual(texts(self.document("encryption"), rule), ["AES256"])

    def test_private_acl_may_be_put(self):
        expect(self.of_bucket("PUT", "acl", headers={"x-amz-acl": "private"}), 200)

    @rows({acl: acl for acl in ("public-read", "public-read-write", "authenticated-read",
                                "log-delivery-write")})
    def test_acl_is_refused(self, acl):
        expect(self.of_bucket("PUT", "acl", headers={"x-amz-acl": acl}), 400,
               code="AccessControlListNotSupported")

    def test_region_is_told_by_head(self):
        expect(self.of_bucket("HEAD"), 200, {"x-amz-bucket-region": REGION})

    @rows({"POST": "POST", "PUT": "PUT", "DELETE": "DELETE", "PATCH": "PATCH"})
    def test_the_service_itself_has_only_get(self, method):
        expect(call(method, "/"), 405, code="MethodNotAllowed")

    def test_a_bucket_cannot_be_patched(self):
        expect(self.of_bucket("PATCH", headers={"Content-Range": "bytes 0-0/*"}, body=b"x"), 405,
               code="MethodNotAllowed")


DELETE_ONE = b"<Delete><Object><Key>a</Key></Object></Delete>"


class MissingBucket(Case):
    @rows({"GET " + query: query for query in (
        "", "list-type=2", "versions", "location", "versioning", "acl", "tagging", "encryption",
        "requestPayment",
        "logging", "ownershipControls", "policy", "policyStatus", "cors", "lifecycle", "publicAccessBlock",
        "object-lock", "uploads")})
    def test_of_the_bucket_is_not_found(self, query):
        expect(call("GET", f"/{MISSING}", query=query), 404, code="NoSuchBucket")

    @rows({"DELETE bucket": ("DELETE", "", "", {}, b""), "HEAD bucket": ("HEAD", "", "", {}, b""),
           "PUT acl": ("PUT", "", "acl", {"x-amz-acl": "private"}, b""),
           "PUT tagging": ("PUT", "", "tagging", {}, tagging({"a": "b"})),
           "DELETE tagging": ("DELETE", "", "tagging", {}, b""),
           "POST delete": ("POST", "", "delete", {"Content-MD5": md5(DELETE_ONE)}, DELETE_ONE),
           "GET object": ("GET", "/key", "", {}, b""), "HEAD object": ("HEAD", "/key", "", {}, b""),
           "PUT object": ("PUT", "/key", "", {}, b"x"), "DELETE object": ("DELETE", "/key", "", {}, b""),
           "PATCH object": ("PATCH", "/key", "", {"Content-Range": "bytes 0-0/*"}, b"x"),
           "append": ("PUT", "/key", "", {"x-amz-write-offset-bytes": "0"}, b"x"),
           "copy to": ("PUT", "/key", "", {"x-amz-copy-source": f"{MISSING}/a"}, b""),
           "rename": ("PUT", "/key", "renameObject", {"x-amz-rename-source": "a"}, b""),
           "GET object tagging": ("GET", "/key", "tagging", {}, b""),
           "PUT object tagging": ("PUT", "/key", "tagging", {}, tagging({"a": "b"})),
           "DELETE object tagging": ("DELETE", "/key", "tagging", {}, b""),
           "GET attributes": ("GET", "/key", "attributes", {"x-amz-object-attributes": "ETag"}, b""),
           "GET object acl": ("GET", "/key", "acl", {}, b""),
           "create upload": ("POST", "/key", "uploads", {}, b"")})
    def test_is_not_found(self, method, key, query, headers, body):
        expect(call(method, f"/{MISSING}{key}", query=query, headers=headers, body=body), 404,
               code="NoSuchBucket")
