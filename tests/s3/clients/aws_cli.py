"""The AWS command line, versions 1 and 2: `aws s3` and `aws s3api`."""
import json
import os

from common import Client, debian_package, python_packages, run


class AwsCli(Client):
    def open(self, site, work):
        super().open(site, work)
        config = os.path.join(work, "config")
        with open(config, "w", encoding="utf-8") as file:
            file.write("[default]\ns3 =\n  addressing_style = path\n  signature_version = s3v4\n"
                       "  multipart_chunksize = 5MB\n  multipart_threshold = 8MB\n")
        self.env["AWS_CONFIG_FILE"] = config

    def aws(self, *arguments):
        return run(self.program, "--endpoint-url", self.site.url, *arguments, env=self.env)

    def api(self, *arguments):
        return json.loads(self.aws("s3api", *arguments, "--output", "json") or "{}")

    def make(self, bucket):
        self.aws("s3", "mb", f"s3://{bucket}")

    def put(self, bucket, key, file):
        self.aws("s3", "cp", "--no-progress", file, f"s3://{bucket}/{key}")

    multipart = put

    def get(self, bucket, key, file):
        self.aws("s3", "cp", "--no-progress", f"s3://{bucket}/{key}", file)

    def range(self, bucket, key, first, last, file):
        self.api("get-object", "--bucket", bucket, "--key", key, "--range", f"bytes={first}-{last}", file)

    def list(self, bucket, prefix, delimiter):
        if delimiter:
            lines = self.aws("s3", "ls", f"s3://{bucket}/{prefix}").splitlines()
            return ([prefix + line.split()[-1] for line in lines if " PRE " not in line],
                    [prefix + line.split()[-1] for line in lines if " PRE " in line])
        listed = self.api("list-objects-v2", "--bucket", bucket, "--prefix", prefix)
        return [item["Key"] for item in listed["Contents"]], []

    def copy(self, bucket, key, to):
        self.aws("s3", "cp", "--no-progress", f"s3://{bucket}/{key}", f"s3://{bucket}/{to}")

    def sync_up(self, folder, bucket, prefix):
        self.aws("s3", "sync", "--no-progress", "--delete", folder, f"s3://{bucket}/{prefix}")

    def sync_down(self, bucket, prefix, folder):
        self.aws("s3", "sync", "--no-progress", "--delete", f"s3://{bucket}/{prefix}", folder)

    def presign(self, bucket, key):
        return self.aws("s3", "presign", f"s3://{bucket}/{key}").strip()

    def delete(self, bucket, key):
        self.aws("s3", "rm", f"s3://{bucket}/{key}")

    def delete_many(self, bucket, keys):
        self.api("delete-objects", "--bucket", bucket, "--delete", json.dumps({"Objects": [{"Key": key} for key in keys]}))

    def remove(self, bucket):
        self.aws("s3", "rb", f"s3://{bucket}")


class AwsCli1(AwsCli):
    name = "aws-cli-v1"
    version = "1.46.2"

    def install(self, cache):
        self.program = os.path.join(python_packages(cache, f"awscli=={self.version}"), "aws")


class AwsCli2(AwsCli):
    name = "aws-cli-v2"

    def install(self, cache):
        self.program, self.version = debian_package("awscli", "/usr/bin/aws")


CLIENTS = [AwsCli1, AwsCli2]
