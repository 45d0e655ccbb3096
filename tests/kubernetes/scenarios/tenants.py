"""Buckets and keys."""
import time

import load
from scene import await_reason, BUCKET, bucket_object, expect, key_object, reason, s3, scenario, secret_values


@scenario
def a_bucket_comes_and_goes(kube, _world):
    kube.apply(bucket_object("letters", deletionPolicy="DeleteIfEmpty", versioning="Enabled", tags={"team": "mail"}))
    await_reason(kube, "pbfsbucket", "letters", "Ready")
    kube.apply(key_object("writer", grants=[{"bucketRef": {"name": "letters"}, "access": ["Read", "Write", "List", "Delete", "Admin"]}]))
    await_reason(kube, "pbfsaccesskey", "writer", "Ready")
    time.sleep(6)  # gateways remember for five seconds that there was no such key
    s3(kube, "s3api", "put-object", "--bucket", "letters", "--key", "a", secret="writer")
    expect("Enabled" in s3(kube, "s3api", "get-bucket-versioning", "--bucket", "letters", secret="writer"), "no versions")
    expect("mail" in s3(kube, "s3api", "get-bucket-tagging", "--bucket", "letters", secret="writer"), "no tags")
    kube.delete("pbfsbucket", "letters")
    await_reason(kube, "pbfsbucket", "letters", "DeletionBlocked", "DeletionBlocked")
    kube.apply(bucket_object("letters", deletionPolicy="Delete", versioning="Enabled", tags={"team": "mail"}))
    kube.wait("the bucket is gone", lambda: kube.get("pbfsbucket", "letters") is None)
    kube.delete("pbfsaccesskey", "writer", wait=True)
    expect(kube.get("secret", "writer") is None or kube.wait("its Secret goes", lambda: kube.get("secret", "writer") is None),
           "the Secret stays")


@scenario
def one_bucket_has_one_owner(kube, _world):
    kube.apply(bucket_object("mine", bucketName="shared-name"), bucket_object("yours", bucketName="shared-name"))
    kube.wait("one has it and one has not", lambda: sorted(
        [reason(kube, "pbfsbucket", "mine"), reason(kube, "pbfsbucket", "yours")]) == ["NameConflict", "Ready"])
    kube.delete("pbfsbucket", "mine", wait=True)
    kube.delete("pbfsbucket", "yours", wait=True)
    kube.apply(bucket_object("third", bucketName="shared-name"))
    await_reason(kube, "pbfsbucket", "third", "NameConflict")
    kube.apply(bucket_object("third", bucketName="shared-name", adoptionPolicy="IfUnowned", deletionPolicy="Delete"))
    await_reason(kube, "pbfsbucket", "third", "Ready")
    kube.delete("pbfsbucket", "third", wait=True)


@scenario
def a_key_is_rotated(kube, _world):
    grant = [{"bucketRef": {"name": BUCKET}, "access": ["Read", "Write", "List"]}]
    kube.apply(key_object("turning", grants=grant))
    await_reason(kube, "pbfsaccesskey", "turning", "Ready")
    first = secret_values(kube, "turning")["AWS_ACCESS_KEY_ID"]
    time.sleep(6)
    s3(kube, "s3", "ls", f"s3://{BUCKET}", secret="turning")
    kube.apply(key_object("turning", grants=grant, rotation={"generation": 2, "overlapSeconds": 10}))
    kube.wait("another pair", lambda: secret_values(kube, "turning")["AWS_ACCESS_KEY_ID"] != first)
    kube.wait("the new pair is served", lambda: "object" in s3(kube, "s3", "ls", f"s3://{BUCKET}", secret="turning"), 60)
    kube.wait("the old pair ends",
              lambda: "previousAccessKeyID" not in kube.get("pbfsaccesskey", "turning")["status"], 60)
    kube.delete("pbfsaccesskey", "turning", wait=True)


@scenario
def a_key_may_do_what_it_is_granted(kube, _world):
    kube.apply(key_object("reader", grants=[{"bucketRef": {"name": BUCKET}, "access": ["Read", "List"]}]))
    await_reason(kube, "pbfsaccesskey", "reader", "Ready")
    time.sleep(6)
    s3(kube, "s3", "ls", f"s3://{BUCKET}", secret="reader")
    refused = kube.kubectl("exec", load.POD, "--", "true").returncode == 0 and s3(
        kube, "s3api", "put-object", "--bucket", BUCKET, "--key", "x", secret="reader", check=False)
    expect("ETag" not in refused, "a reader could write")
    kube.delete("pbfsaccesskey", "reader", wait=True)


@scenario
def a_secret_of_somebody_else_is_not_taken(kube, _world):
    kube.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "theirs"}, "stringData": {"a": "b"}})
    kube.apply(key_object("greedy", secret={"name": "theirs"}))
    await_reason(kube, "pbfsaccesskey", "greedy", "SecretNameTaken")
    expect(secret_values(kube, "theirs") == {"a": "b"}, "another's Secret was written")
    kube.delete("pbfsaccesskey", "greedy", wait=True)
    kube.delete("secret", "theirs")
