"""Virtual-host style: the bucket stands in the Host, the path is the key. Where the environment names a domain of the gateway; without
one there are no cases here. The name is only said: nothing has to resolve it."""
import os
import urllib.parse

import boto3
import botocore.client

from . import signing, wire
from .harness import BucketCase, Case, call, drop_bucket, expect, new_bucket_name, parse_xml, prepare, quote, rows, texts
from .pending import PENDING
from .topic_forms import BOUNDARY, FormCase, encode
from .topic_policies import policy, statement

DOMAIN = os.environ.get("PBFS_S3_DOMAIN", "")
CORS = (b"<CORSConfiguration><CORSRule><AllowedOrigin>https://app.example</AllowedOrigin><AllowedMethod>GET"
        b"</AllowedMethod></CORSRule></CORSConfiguration>")


def at(host: str, port: bool = True) -> wire.Endpoint:
    """The gateway, under this name."""
    endpoint = wire.http_endpoint()
    endpoint.netloc = f"{host}:{endpoint.port}" if port else host
    return endpoint


def send_as(request: wire.Request, host: str) -> wire.Answer:
    """A request that is signed already, to another host."""
    request.set("Host", at(host).netloc)
    return wire.exchange(wire.http_endpoint(), request)


if not DOMAIN:
    PENDING["hosts: all"] = "PBFS_S3_DOMAIN is not set"
else:
    class HostCase(BucketCase):
        def host(self) -> str:
            return f"{self.bucket}.{DOMAIN}"

        def by_host(self, method, path=None, **options):
            return call(method, f"/{quote(self.key)}" if path is None else path,
                        **({"endpoint": at(self.host())} | options))

    class Objects(HostCase):
        def test_go_through_all_operations(self):
            expect(self.by_host("PUT", body=b"content"), 200)
            expect(self.by_host("GET"), 200, body=b"content")
            expect(self.by_host("HEAD"), 200, {"Content-Length": "7"})
            self.must_be(b"content")
            expect(self.by_host("PATCH", headers={"Content-Range": "bytes 0-0/*"}, body=b"C"), 200)
            self.must_be(b"Content")
            expect(self.by_host("PUT", "/copy", headers={"x-amz-copy-source": f"{self.bucket}/{quote(self.key)}"}), 200)
            self.must_be(b"Content", "copy")
            expect(self.by_host("DELETE"), 204)
            self.must_be_missing()

        @rows({"slashes first": ("//a", "/a"), "like a path with its bucket": ("/{bucket}/k", "{bucket}/k"),
               "escaped": ("/a%20b%2Fc", "a b/c"), "dots": ("/../a", "../a"), "slash last": ("/dir/", "dir/")})
        def test_key_is_all_of_the_path(self, path, key):
            path, key = path.format(bucket=self.bucket), key.format(bucket=self.bucket)
            expect(self.by_host("PUT", path, body=b"x"), 200)
            self.must_be(b"x", key)
            expect(self.by_host("DELETE", path), 204)

        def test_upload_in_parts_says_where_it_is(self):
            created = parse_xml(expect(self.by_host("POST", query="uploads"), 200))
            query = f"uploadId={created.findtext('UploadId')}"
            part = expect(self.by_host("PUT", query=f"partNumber=1&{query}", body=b"part"), 200)
            body = (f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{part.get('ETag')}</ETag></Part>"
                    "</CompleteMultipartUpload>").encode()
            done = parse_xml(expect(self.by_host("POST", query=query, body=body), 200))
            self.assertEqual(done.findtext("Location"), f"http://{at(self.host()).netloc}/{quote(self.key)}")
            self.assertEqual((done.findtext("Bucket"), done.findtext("Key")), (self.bucket, self.key))
            self.must_be(b"part")

        def test_anonymous_callers_need_a_policy(self):
            self.put()
            expect(self.by_host("GET", auth="none"), 403, code="AccessDenied")
            expect(self.by_host("PUT", "/", query="policy", body=policy(statement(self.bucket, "s3:GetObject"))), 204)
            expect(self.by_host("GET", auth="none"), 200, body=b"content")
            expect(self.by_host("DELETE", "/", query="policy"), 204)

        def test_preflight_is_of_the_bucket(self):
            expect(self.by_host("PUT", "/", query="cors", body=CORS), 200)
            headers = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}
            expect(self.by_host("OPTIONS", headers=headers, auth="none"), 200,
                   {"Access-Control-Allow-Origin": "https://app.example"})
            expect(self.by_host("DELETE", "/", query="cors"), 204)

    class Buckets(HostCase):
        def test_is_listed(self):
            self.put(key="listed")
            for query in ("prefix=listed", "list-type=2&prefix=listed", "versions&prefix=listed"):
                root = parse_xml(expect(self.by_host("GET", "/", query=query), 200))
                self.assertEqual(root.findtext("Name"), self.bucket)
                self.assertIn("listed", texts(root, "Contents/Key") + texts(root, "Version/Key"))

        @rows({"plain": "", "with dots": ".a.b", "with dots and dashes": ".x-y.z"})
        def test_is_made_and_deleted(self, more):
            bucket = new_bucket_name() + more
            endpoint = at(f"{bucket}.{DOMAIN}")
            expect(call("HEAD", "/", endpoint=endpoint), 404, code="NoSuchBucket")
            expect(call("PUT", "/", endpoint=endpoint), 200)
            expect(call("PUT", "/k/l", body=b"x", endpoint=endpoint), 200)
            expect(call("GET", f"/{bucket}/k/l"), 200, body=b"x")
            expect(call("GET", "/k/l", auth="query", endpoint=endpoint), 200, body=b"x")
            expect(call("DELETE", "/k/l", endpoint=endpoint), 204)
            expect(call("DELETE", "/", endpoint=endpoint), 204)
            expect(call("HEAD", f"/{bucket}"), 404, code="NoSuchBucket")

        @rows({"short": "ab", "an address": "192.0.2.1", "underscore": "a_bcd", "of the system": "_pbfs",
               "dash first": "-abc", "two dots": "a..bc"})
        def test_name_must_be_one(self, name):
            expect(call("GET", "/", endpoint=at(f"{name}.{DOMAIN}")), 400, code="InvalidBucketName")
            expect(call("PUT", "/k", body=b"x", endpoint=at(f"{name}.{DOMAIN}")), 400, code="InvalidBucketName")

    class Hosts(HostCase):
        def setUp(self):
            super().setUp()
            self.put()

        @rows({"upper case": (str.upper, True), "without port": (str, False),
               "upper case, without port": (str.upper, False)})
        def test_is_understood(self, spelled, port):
            expect(self.by_host("GET", endpoint=at(spelled(self.host()), port)), 200, body=b"content")

        def test_domain_alone_is_the_service(self):
            root = parse_xml(expect(call("GET", "/", endpoint=at(DOMAIN)), 200))
            self.assertEqual(root.tag, "ListAllMyBucketsResult")
            expect(call("GET", self.path(), endpoint=at(DOMAIN)), 200, body=b"content")

        @rows({"another": "other.example", "one that ends with it": "x" + DOMAIN, "an address": "127.0.0.1",
               "a part of it": DOMAIN.partition(".")[2] or "localhost"})
        def test_other_domain_is_path_style(self, domain):
            expect(call("GET", self.path(), endpoint=at(domain)), 200, body=b"content")
            if domain != "127.0.0.1":
                expect(call("GET", self.path(), endpoint=at(f"www.{domain}")), 200, body=b"content")

    class Signatures(HostCase):
        """The host is signed: a request for one bucket is none for another."""

        def setUp(self):
            super().setUp()
            self.put()

        @rows({"another bucket": "other-bucket.{domain}", "the service": "{domain}", "another domain": "{bucket}.other"})
        def test_counts_for_its_host(self, host):
            for auth in ("header", "query"):
                request = prepare("GET", f"/{quote(self.key)}", auth=auth, endpoint=at(self.host()))
                expect(send_as(request, host.format(bucket=self.bucket, domain=DOMAIN)), 403,
                       code="SignatureDoesNotMatch")

        def test_of_a_path_is_none_of_a_host(self):
            request = prepare("GET", self.path())
            request.target = f"/{quote(self.key)}"
            expect(send_as(request, self.host()), 403, code="SignatureDoesNotMatch")

        def test_presigned(self):
            expect(self.by_host("GET", auth="query"), 200, body=b"content")
            expect(self.by_host("PUT", auth="query", body=b"new"), 200)
            self.must_be(b"new")
            expect(self.by_host("DELETE", auth="query"), 204)
            self.must_be_missing()

        @rows({"get_object": ("get_object", "GET", b"", b"content"), "put_object": ("put_object", "PUT", b"new", b"")})
        def test_url_of_boto3(self, operation, method, sent, got):
            config = botocore.client.Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
            credentials = signing.keys()
            s3 = boto3.session.Session().client(
                "s3", endpoint_url=f"http://{at(DOMAIN).netloc}", region_name=signing.REGION, config=config,
                aws_access_key_id=credentials.access_key, aws_secret_access_key=credentials.secret_key)
            url = s3.generate_presigned_url(operation, {"Bucket": self.bucket, "Key": self.key})
            parts = urllib.parse.urlsplit(url)
            self.assertEqual(parts.netloc, at(self.host()).netloc)
            request = wire.Request(method, f"{parts.path}?{parts.query}", [("Host", parts.netloc)], sent)
            if sent:
                request.set("Content-Length", str(len(sent)))
            expect(wire.exchange(wire.http_endpoint(), request), 200, body=got)
            self.must_be(sent or b"content")

    class Forms(FormCase):
        def test_are_posted_to_the_bucket(self):
            body = encode(list(self.form({"success_action_status": "201"}).items()), b"content")
            netloc = at(f"{self.bucket}.{DOMAIN}").netloc
            headers = [("Host", netloc), ("Content-Type", f"multipart/form-data; boundary={BOUNDARY}"),
                       ("Content-Length", str(len(body)))]
            answer = wire.exchange(wire.http_endpoint(), wire.Request("POST", "/", headers, body))
            location = f"http://{netloc}/{quote(self.key)}"
            root = parse_xml(expect(answer, 201, {"Location": location}))
            self.assertEqual(root.findtext("Location"), location)
            self.must_be(b"content")

    class Copies(HostCase):
        def test_come_from_another_bucket(self):
            other = new_bucket_name()
            expect(call("PUT", f"/{other}"), 200)
            self.addCleanup(drop_bucket, other)
            expect(call("PUT", f"/{other}/source", body=b"content"), 200)
            expect(self.by_host("PUT", headers={"x-amz-copy-source": f"/{other}/source"}), 200)
            self.must_be(b"content")
