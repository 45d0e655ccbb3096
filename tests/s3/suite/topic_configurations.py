"""Configurations that a bucket has not, sub-resources that are not served, headers that must be heeded."""
from .harness import BucketCase, call, expect, new_bucket_name, rows

MISSING = {"policy": "NoSuchBucketPolicy", "policyStatus": "NoSuchBucketPolicy",
           "cors": "NoSuchCORSConfiguration",
           "lifecycle": "NoSuchLifecycleConfiguration",
           "publicAccessBlock": "NoSuchPublicAccessBlockConfiguration",
           "object-lock": "ObjectLockConfigurationNotFoundError", "tagging": "NoSuchTagSet"}

NEVER = {"GET": ("accelerate", "analytics", "analytics&id=a", "intelligent-tiering", "inventory", "metrics",
                 "notification", "replication", "website", "metadataConfiguration", "metadataTable",
                 "session"),
         "PUT": ("accelerate", "analytics&id=a", "intelligent-tiering&id=a", "inventory&id=a", "logging",
                 "metrics&id=a",
                 "notification", "replication", "requestPayment", "website"),
         "DELETE": ("analytics&id=a", "intelligent-tiering&id=a", "inventory&id=a", "metrics&id=a",
                    "replication",
                    "website", "metadataConfiguration", "metadataTable"),
         "POST": ("metadataConfiguration", "metadataTable")}
OF_OBJECTS = {"GET": ("torrent",), "PUT": ("restore", "torrent"),
              "POST": ("restore", "select&select-type=2"),
              "DELETE": ("legal-hold", "retention", "torrent", "acl"),
              "HEAD": ("torrent",), "PATCH": ("tagging", "acl", "retention")}


def table(methods: dict) -> dict:
    return {f"{method} {query}": (method, query) for method, queries in methods.items() for query in queries}


class OfBuckets(BucketCase):
    @rows({query: (query, code) for query, code in MISSING.items()})
    def test_is_missing(self, query, code):
        expect(self.of_bucket("GET", query), 404, code=code)

    @rows(table(NEVER))
    def test_is_not_served_and_does_nothing(self, method, query):
        self.put()
        body = b"<x/>" if method in ("PUT", "POST") else b""
        expect(self.of_bucket(method, query, body=body), 501, code="NotImplemented")
        self.must_be(b"content")

    @rows({query: query for query in ("website", "replication", "metrics", "legal-hold",
                                      "versions")})
    def test_does_not_delete_the_bucket(self, query):
        bucket = new_bucket_name()
        expect(call("PUT", f"/{bucket}"), 200)
        expect(call("DELETE", f"/{bucket}", query=query), 501, code="NotImplemented")
        expect(call("HEAD", f"/{bucket}"), 200)
        expect(call("DELETE", f"/{bucket}"), 204)

    @rows({query: query for query in ("website", "accelerate", "notification", "versioning", "legal-hold",
                                      "delete")})
    def test_does_not_make_a_bucket(self, query):
        bucket = new_bucket_name()
        answer = call("PUT", f"/{bucket}", query=query)
        self.assertIn(answer.status, (404, 501))
        expect(call("HEAD", f"/{bucket}"), 404, code="NoSuchBucket")


class OfObjects(BucketCase):
    @rows(table(OF_OBJECTS))
    def test_is_not_served_and_does_nothing(self, method, query):
        etag = self.put(headers={"x-amz-tagging": "a=1"}).get("ETag")
        body = b"<x/>" if method in ("PUT", "POST", "PATCH") else b""
        headers = {"Content-Range": "bytes 0-3/*"} if method == "PATCH" else {}
        expect(self.send(method, query=query, body=body, headers=headers), 501, code="NotImplemented")
        expect(self.get(), 200, {"ETag": etag, "x-amz-tagging-count": "1"}, body=b"content")

    @rows({query: query for query in ("restore", "torrent", "select", "website")})
    def test_does_not_make_an_object(self, query):
        expect(self.send("PUT", query=query, body=b"<x/>"), 501, code="NotImplemented")
        self.must_be_missing()

    @rows({"one that is served": "tagging&legal-hold", "another that is served": "acl&tagging",
           "in another order": "legal-hold&tagging",
           "with a value": "restore=x", "of uploads": "uploads&retention"})
    def test_with_others_is_not_served(self, query):
        self.put()
        expect(self.send("PUT", query=query, body=b"<Tagging><TagSet/></Tagging>"), 501,
               code="NotImplemented")
        self.must_be(b"content")

    @rows({f"{operation} {name}": (operation, name, value) for operation in ("PUT", "copy") for name,
           value in (
        ("x-amz-website-redirect-location", "/other"),
        ("x-amz-storage-class", "GLACIER"))})
    def test_header_is_not_served(self, operation, name, value):
        headers = {name: value}
        if operation == "copy":
            self.put(key="source")
            headers["x-amz-copy-source"] = f"{self.bucket}/source"
        expect(self.send("PUT", headers=headers, body=b"" if operation == "copy" else b"x"), 501,
               code="NotImplemented")
        self.must_be_missing()
