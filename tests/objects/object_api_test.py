#!/usr/bin/python3
"""The object API from Python, against the gateway of the environment: stubs generated from the proto, and boto3 beside them.

    tests/objects/object_api_test.py PROTO_DIRECTORY GRPC_PYTHON_PLUGIN

Environment as for tests/s3/run_suite.py, and PBFS_OBJECT_ENDPOINT, the host:port of the object API. Needs Debian's python3-grpcio,
python3-protobuf, python3-boto3, protoc and its plugin for Python, and the bucket objects-python, with history and empty. Prints a line a case and "N passed, N failed".
"""
import base64
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time

import boto3
import botocore.client
import grpc

HERE = os.path.dirname(os.path.abspath(__file__))
DOCUMENT = os.path.join(HERE, "../../docs/operations/object-api.md")
BUCKET = "objects-python"
CHUNK = 512 << 10
DEADLINE_S = 60

ENDPOINT, CA = os.environ["PBFS_OBJECT_ENDPOINT"], os.environ["PBFS_S3_CA"]
ACCESS, SECRET = os.environ["PBFS_S3_ACCESS_KEY"], os.environ["PBFS_S3_SECRET_KEY"]


def generate(proto, plugin, target):
    subprocess.run(["protoc", "-I", proto, f"--python_out={target}", f"--grpc_out={target}", f"--plugin=protoc-gen-grpc={plugin}",
                    "pbfs/object/v1/objects.proto"], check=True)
    sys.path.insert(0, target)


def me(access=ACCESS, secret=SECRET):
    """The metadata of a call that say who calls."""
    return (("authorization", "Basic " + base64.b64encode(f"{access}:{secret}".encode()).decode()),)


def expect(got, wanted):
    if got != wanted:
        raise AssertionError(f"got {got!r:.300}, expected {wanted!r:.300}")


def expect_error(code, s3_code, call):
    """What `call` raises has these codes, and does not tell the secret."""
    try:
        call()
    except grpc.RpcError as error:
        expect(error.code(), code)
        details = dict(error.trailing_metadata() or ())
        expect(details.get("pbfs-detail-s3-code-bin", b"").decode(), s3_code)
        if SECRET in str(error):
            raise AssertionError("the error tells the secret") from None
        return
    raise AssertionError(f"no error, expected {code}")


class Cases:
    def __init__(self, objects_pb2, objects_pb2_grpc):
        self.pb = objects_pb2
        with open(CA, "rb") as file:
            credentials = grpc.ssl_channel_credentials(file.read())
        self.stub = objects_pb2_grpc.ObjectsStub(grpc.secure_channel(ENDPOINT, credentials))
        self.call = {"metadata": me(), "timeout": DEADLINE_S}
        self.s3 = boto3.client("s3", endpoint_url=os.environ["PBFS_S3_ENDPOINT"], aws_access_key_id=ACCESS,
                               aws_secret_access_key=SECRET, region_name="us-east-1",
                               config=botocore.client.Config(s3={"addressing_style": "path"}))

    # ---- helpers ----

    def put(self, key, data, call=None, **header):
        def messages():
            yield self.pb.PutRequest(header=self.pb.PutHeader(bucket=BUCKET, key=key, **header))
            for at in range(0, len(data), CHUNK):
                yield self.pb.PutRequest(chunk=data[at:at + CHUNK])
        return self.stub.Put(messages(), **(call or self.call))

    def get(self, key, **request):
        stream = self.stub.Get(self.pb.GetRequest(bucket=BUCKET, key=key, **request), **self.call)
        opened = next(stream).opened
        return opened, b"".join(message.chunk for message in stream)

    def patch(self, key, pieces, **header):
        def messages():
            yield self.pb.PatchRequest(header=self.pb.PatchHeader(bucket=BUCKET, key=key, **header))
            for offset, data in pieces:
                yield self.pb.PatchRequest(piece=self.pb.PatchRequest.Piece(offset=offset, data=data))
        return self.stub.Patch(messages(), **self.call)

    def append(self, key, data, **header):
        def messages():
            yield self.pb.AppendRequest(header=self.pb.AppendHeader(bucket=BUCKET, key=key, **header))
            yield self.pb.AppendRequest(chunk=data)
        return self.stub.Append(messages(), **self.call)

    def body(self, key):
        return self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def etag(self, key):
        return self.s3.head_object(Bucket=BUCKET, Key=key)["ETag"].strip('"')

    # ---- cases, in this order ----

    def case_create_and_list_buckets(self):
        made = BUCKET + "-made"
        self.stub.CreateBucket(self.pb.CreateBucketRequest(bucket=made, history_ms=3_600_000), **self.call)
        self.stub.List(self.pb.ListRequest(bucket=made, as_of_ms=int(time.time() * 1000)), **self.call)
        expect_error(grpc.StatusCode.ALREADY_EXISTS, "BucketAlreadyOwnedByYou",
                     lambda: self.stub.CreateBucket(self.pb.CreateBucketRequest(bucket=made), **self.call))
        names = [bucket.name for bucket in self.stub.ListBuckets(self.pb.ListBucketsRequest(), **self.call).buckets]
        expect(names, [bucket["Name"] for bucket in self.s3.list_buckets()["Buckets"]])
        expect(made in names, True)
        self.stub.DeleteBucket(self.pb.DeleteBucketRequest(bucket=made), **self.call)

    def case_put_here_read_by_boto3(self):
        data = random.Random(1).randbytes((20 << 20) + 7)
        properties = self.pb.Properties(content_type="text/plain", metadata={"colour": "black"}, tags={"kind": "pet"},
                                        headers={"cache-control": "no-store"})
        put = self.put("long", data, properties=properties, size=len(data))
        got = self.s3.get_object(Bucket=BUCKET, Key="long", ChecksumMode="ENABLED")
        expect(got["Body"].read() == data, True)
        expect((got["ETag"], got["ContentType"], got["Metadata"], got["CacheControl"]),
               (f'"{put.etag}"', "text/plain", {"colour": "black"}, "no-store"))
        expect(self.s3.get_object_tagging(Bucket=BUCKET, Key="long")["TagSet"], [{"Key": "kind", "Value": "pet"}])

    def case_put_by_boto3_read_here(self):
        data = random.Random(2).randbytes(3 << 20)
        put = self.s3.put_object(Bucket=BUCKET, Key="theirs", Body=data, ContentType="image/png", Metadata={"a": "b"},
                                 Tagging="x=y")
        opened, got = self.get("theirs")
        expect(got == data, True)
        expect((f'"{opened.facts.etag}"', opened.facts.properties.content_type), (put["ETag"], "image/png"))
        expect((dict(opened.facts.properties.metadata), dict(opened.facts.properties.tags)), ({"a": "b"}, {"x": "y"}))

    def case_ranges(self):
        self.put("digits", b"0123456789")
        expect(self.get("digits", offset=3, length=4)[1], b"3456")
        expect(self.get("digits", offset=-2)[1], b"89")
        expect_error(grpc.StatusCode.OUT_OF_RANGE, "InvalidRange", lambda: self.get("digits", offset=10))

    def case_a_patch_of_several_ranges(self):
        patched = self.patch("digits", [(8, b"xyz"), (0, b"ab"), (2, b"c")])
        expect((self.body("digits"), self.etag("digits")), (b"abc34567xyz", patched.etag))
        expect_error(grpc.StatusCode.INVALID_ARGUMENT, "InvalidRequest",
                     lambda: self.patch("digits", [(0, b"----"), (2, b"--")]))
        expect_error(grpc.StatusCode.OUT_OF_RANGE, "InvalidRange", lambda: self.patch("digits", [(0, b"-"), (99, b"-")]))
        expect(self.body("digits"), b"abc34567xyz")

    def case_a_token_makes_a_repeat_happen_once(self):
        self.put("once", b"0123")
        first = self.patch("once", [(0, b"ab")], token="token-1")
        self.patch("once", [(0, b"zz")])
        expect(self.patch("once", [(0, b"ab")], token="token-1").etag, first.etag)
        expect(self.body("once"), b"zz23")

    def case_appends(self):
        self.append("log", b"one,", expected_size=0)
        self.append("log", b"two,", expected_size=4)
        expect_error(grpc.StatusCode.FAILED_PRECONDITION, "InvalidWriteOffset",
                     lambda: self.append("log", b"---", expected_size=4))
        expect(self.append("log", b"three").size, 13)
        expect(self.body("log"), b"one,two,three")

    def case_appends_of_many_at_once_are_all_there(self):
        self.put("many", b"")
        threads = [threading.Thread(target=self.append, args=("many", b"%02d," % i)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        expect(sorted(self.body("many").split(b",")[:-1]), [b"%02d" % i for i in range(8)])

    def case_holes(self):
        self.put("disk", b"x" * 100)
        self.stub.Zero(self.pb.ZeroRequest(bucket=BUCKET, key="disk", lo=10, hi=20), **self.call)
        extents = self.stub.Extents(self.pb.ExtentsRequest(bucket=BUCKET, key="disk"), **self.call).extents
        expect([(e.lo, e.hi, e.zeros) for e in extents], [(0, 10, False), (10, 20, True), (20, 100, False)])
        self.stub.Truncate(self.pb.TruncateRequest(bucket=BUCKET, key="disk", size=12), **self.call)
        expect(self.body("disk"), b"x" * 10 + b"\0\0")

    def case_versions(self):
        made = BUCKET + "-versions"
        self.s3.create_bucket(Bucket=made)
        self.s3.put_bucket_versioning(Bucket=made, VersioningConfiguration={"Status": "Enabled"})

        def messages():
            yield self.pb.PatchRequest(header=self.pb.PatchHeader(bucket=made, key="cat"))
            yield self.pb.PatchRequest(piece=self.pb.PatchRequest.Piece(offset=1, data=b"--"))
        old = self.s3.put_object(Bucket=made, Key="cat", Body=b"miaow")["VersionId"]
        new = self.stub.Patch(messages(), **self.call).version_id
        request = self.pb.GetRequest(bucket=made, key="cat", version_id=old)
        expect(b"".join(message.chunk for message in self.stub.Get(request, **self.call)), b"miaow")
        expect(self.s3.get_object(Bucket=made, Key="cat", VersionId=new)["Body"].read(), b"m--ow")
        hole = self.stub.Zero(self.pb.ZeroRequest(bucket=made, key="cat", version_id=old, lo=0, hi=3), **self.call).version_id
        expect(self.s3.get_object(Bucket=made, Key="cat")["Body"].read(), b"\0\0\0ow")
        marker = self.stub.Delete(self.pb.DeleteRequest(bucket=made, key="cat"), **self.call)
        expect(marker.delete_marker, True)
        listed = self.stub.ListVersions(self.pb.ListVersionsRequest(bucket=made), **self.call).versions
        expect([(v.version_id, v.delete_marker, v.current) for v in listed],
               [(marker.version_id, True, True), (hole, False, False), (new, False, False), (old, False, False)])
        for version in listed:
            self.stub.Delete(self.pb.DeleteRequest(bucket=made, key="cat", version_id=version.version_id), **self.call)
        self.stub.DeleteBucket(self.pb.DeleteBucketRequest(bucket=made), **self.call)

    def case_list(self):
        request = self.pb.ListRequest(bucket=BUCKET, limit=3)
        keys = []
        while True:
            page = self.stub.List(request, **self.call)
            keys += [(o.key, o.size, f'"{o.etag}"') for o in page.objects]
            if not page.next:
                break
            request.after = page.next
        listed = self.s3.list_objects_v2(Bucket=BUCKET)["Contents"]
        expect(keys, [(o["Key"], o["Size"], o["ETag"]) for o in listed])

    def case_clones_and_the_past(self):
        then = self.put("cat", b"miaow").modified_ms
        time_is_later(then)
        self.put("cat", b"another")
        expect(self.get("cat", as_of_ms=then)[1], b"miaow")
        self.stub.Clone(self.pb.CloneRequest(source_key="cat", bucket=BUCKET, key="old-cat", as_of_ms=then), **self.call)
        expect(self.body("old-cat"), b"miaow")
        now = self.stub.Clone(self.pb.CloneRequest(source_key="cat", bucket=BUCKET, key="new-cat"), **self.call)
        expect((self.body("new-cat"), now.etag), (b"another", self.etag("new-cat")))

    def case_history(self):
        self.put("told", b"0123456789")
        self.patch("told", [(2, b"xx")])
        ops = self.stub.History(self.pb.HistoryRequest(bucket=BUCKET, key="told"), **self.call).ops
        expect((ops[0].kind, ops[0].lo, ops[0].hi, ops[0].authentic), (self.pb.HistoryReply.WRITE, 2, 4, True))
        self.s3.delete_object(Bucket=BUCKET, Key="told")
        values = self.stub.NameHistory(self.pb.NameHistoryRequest(bucket=BUCKET, key="told"), **self.call).values
        expect([bool(value.object_id) for value in values], [False, True])

    def case_conditions_that_fail(self):
        failed = (grpc.StatusCode.FAILED_PRECONDITION, "PreconditionFailed")
        wrong, absent = self.pb.Conditions(if_match="0123"), self.pb.Conditions(if_none_match="*")
        expect_error(*failed, lambda: self.put("digits", b"", conditions=wrong))
        expect_error(*failed, lambda: self.put("digits", b"", conditions=absent))
        expect_error(*failed, lambda: self.get("digits", conditions=wrong))
        expect_error(*failed, lambda: self.patch("digits", [(0, b"-")], conditions=wrong))
        expect_error(*failed, lambda: self.stub.Delete(
            self.pb.DeleteRequest(bucket=BUCKET, key="digits", conditions=wrong), **self.call))
        same = self.pb.Conditions(if_none_match=self.etag("digits"))
        expect(self.stub.Head(self.pb.HeadRequest(bucket=BUCKET, key="digits", conditions=same), **self.call).not_modified, True)
        expect(self.body("digits"), b"abc34567xyz")

    def case_a_deadline_that_passes(self):
        ended = threading.Event()

        def messages():
            yield self.pb.PutRequest(header=self.pb.PutHeader(bucket=BUCKET, key="late"))
            while not ended.is_set():
                yield self.pb.PutRequest(chunk=b"more")
        try:
            expect_error(grpc.StatusCode.DEADLINE_EXCEEDED, "",
                         lambda: self.stub.Put(messages(), metadata=me(), timeout=0.3))
        finally:
            ended.set()
        expect_error(grpc.StatusCode.NOT_FOUND, "NoSuchKey", lambda: self.get("late"))

    def case_a_call_that_is_called_off(self):
        class Stop(Exception):
            """Of the source of the bytes."""

        def messages():
            yield self.pb.PutRequest(header=self.pb.PutHeader(bucket=BUCKET, key="half"))
            yield self.pb.PutRequest(chunk=b"x" * CHUNK)
            raise Stop
        try:
            self.stub.Put(messages(), **self.call)
            raise AssertionError("no error")
        except grpc.RpcError:
            pass
        expect_error(grpc.StatusCode.NOT_FOUND, "NoSuchKey", lambda: self.get("half"))

    def case_who_is_let_in(self):
        request = self.pb.HeadRequest(bucket=BUCKET, key="digits")
        for metadata, code, s3_code in (
                (me(secret="wrong"), grpc.StatusCode.UNAUTHENTICATED, "SignatureDoesNotMatch"),
                (me(access="PBFS0000000000000000"), grpc.StatusCode.UNAUTHENTICATED, "InvalidAccessKeyId"),
                ((("authorization", "Bearer x"),), grpc.StatusCode.UNAUTHENTICATED, ""),
                ((), grpc.StatusCode.PERMISSION_DENIED, "AccessDenied")):
            expect_error(code, s3_code, lambda: self.stub.Head(request, metadata=metadata, timeout=DEADLINE_S))

    def case_the_document(self):
        """The Python of the document, with the address and the key of this gateway."""
        with open(DOCUMENT, encoding="utf-8") as file:
            code = re.search(r"^```python\n(.*?)^```$", file.read(), re.S | re.M).group(1)
        for old, new in (("127.0.0.1:9443", ENDPOINT), ("ca.pem", CA)):
            expect(code.count(old), 1)
            code = code.replace(old, new)
        os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"] = ACCESS, SECRET
        exec(compile(code, DOCUMENT, "exec"), {})  # pylint: disable=exec-used
        expect(self.s3.get_object(Bucket="demo", Key="NAME")["Body"].read(), b"hello world")

    def run(self):
        passed = failed = 0
        for name in [name for name in type(self).__dict__ if name.startswith("case_")]:
            try:
                getattr(self, name)()
                print(f"ok {name[5:]}", flush=True)
                passed += 1
            except Exception as error:  # pylint: disable=broad-except
                print(f"FAILED {name[5:]}: {error!r:.2000}", flush=True)
                failed += 1
        print(f"{passed} passed, {failed} failed")
        return 1 if failed or passed < 10 else 0


def time_is_later(than_ms):
    """Waits for the next millisecond; the clocks of one machine are one."""
    deadline = time.monotonic() + DEADLINE_S
    while time.time() * 1000 <= than_ms + 1:
        if time.monotonic() > deadline:
            raise AssertionError("the clock stands still")


def main():
    with tempfile.TemporaryDirectory() as target:
        generate(sys.argv[1], sys.argv[2], target)
        from pbfs.object.v1 import objects_pb2, objects_pb2_grpc  # pylint: disable=import-outside-toplevel,import-error
        return Cases(objects_pb2, objects_pb2_grpc).run()


if __name__ == "__main__":
    sys.exit(main())
