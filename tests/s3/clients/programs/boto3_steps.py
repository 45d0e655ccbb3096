"""Steps by boto3; see sdk.py."""
import os
import sys

import boto3
import botocore.client
from boto3.s3.transfer import TransferConfig

# Without signature_version boto3 presigns by the older signature, for any endpoint that is not Amazon's.
s3 = boto3.client("s3", endpoint_url=os.environ["S3_URL"], config=botocore.client.Config(
    signature_version="s3v4", s3={"addressing_style": "path"}, read_timeout=600))
PARTS = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)


def put(bucket, key, file):
    with open(file, "rb") as body:
        s3.put_object(Bucket=bucket, Key=key, Body=body)


def ranged(bucket, key, first, last, file):
    with open(file, "wb") as target:
        target.write(s3.get_object(Bucket=bucket, Key=key, Range=f"bytes={first}-{last}")["Body"].read())


def list_all(bucket, prefix, delimiter, file):
    with open(file, "w", encoding="utf-8") as target:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter=delimiter):
            target.writelines(f"K\t{item['Key']}\n" for item in page.get("Contents", []))
            target.writelines(f"P\t{item['Prefix']}\n" for item in page.get("CommonPrefixes", []))


def delete_many(bucket, *keys):
    errors = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys]}).get("Errors")
    if errors:
        raise RuntimeError(errors)


def url(operation, bucket, key):
    return s3.generate_presigned_url(operation, Params={"Bucket": bucket, "Key": key})


STEPS = {
    "make": lambda bucket: s3.create_bucket(Bucket=bucket) and None,
    "put": put,
    "multipart": lambda bucket, key, file: s3.upload_file(file, bucket, key, Config=PARTS),
    "get": lambda bucket, key, file: s3.download_file(bucket, key, file, Config=PARTS),
    "range": ranged,
    "list": list_all,
    "copy": lambda bucket, key, to: s3.copy({"Bucket": bucket, "Key": key}, bucket, to, Config=PARTS),  # large ones in parts
    "presign": lambda bucket, key: url("get_object", bucket, key),
    "presign_put": lambda bucket, key: url("put_object", bucket, key),
    "delete": lambda bucket, key: s3.delete_object(Bucket=bucket, Key=key) and None,
    "delete_many": delete_many,
    "remove": lambda bucket: s3.delete_bucket(Bucket=bucket) and None,
}
for line in sys.stdin:
    step, *fields = line.rstrip("\n").split("\t")
    try:
        print("ok", STEPS[step](*fields) or "", sep="\t", flush=True)
    except Exception as error:  # the library throws many kinds; all are for whoever asked
        print("error", repr(error).replace("\n", " "), sep="\t", flush=True)
