"""rclone, s3cmd and s5cmd."""
import json
import os

from common import Client, Differs, debian_package, go_build, run, write


class Rclone(Client):
    name = "rclone"

    def install(self, cache):
        self.program, self.version = debian_package("rclone", "/usr/bin/rclone")

    def open(self, site, work):
        super().open(site, work)
        self.env.pop("AWS_CA_BUNDLE", None)  # it refuses to start with it; --ca-cert is its own way

    def rclone(self, *arguments, output=str):
        remote = f":s3,provider=Other,env_auth=true,force_path_style=true,region={self.site.region},endpoint='{self.site.url}':"
        trust = ["--ca-cert", self.site.ca] if self.site.tls else []
        parts = ["--s3-upload-cutoff", "5M", "--s3-chunk-size", "5M", "--s3-copy-cutoff", "5M"]
        parts += ["--retries", "1", "--low-level-retries", "2"]
        return run(self.program, *trust, *parts, *(a.replace("remote:", remote) for a in arguments), env=self.env, output=output)

    def make(self, bucket):
        self.rclone("mkdir", f"remote:{bucket}")

    def put(self, bucket, key, file):
        self.rclone("copyto", file, f"remote:{bucket}/{key}")
        os.utime(file, (1_600_000_000, 1_600_000_000))  # only the time differs: rclone sets it by a copy onto itself
        self.rclone("copyto", file, f"remote:{bucket}/{key}")
        listed = json.loads(self.rclone("lsjson", "--stat", f"remote:{bucket}/{key}"))
        if not listed["ModTime"].startswith("2020-09-13T12:26:40"):
            raise Differs(f"rclone copyto did not set the time of {key!r}: {listed}")

    multipart = put

    def get(self, bucket, key, file):
        if os.path.exists(file):
            os.remove(file)
        self.rclone("copyto", f"remote:{bucket}/{key}", file)

    def range(self, bucket, key, first, last, file):
        arguments = "cat", "--offset", str(first), "--count", str(last - first + 1), f"remote:{bucket}/{key}"
        write(file, self.rclone(*arguments, output=bytes))

    def list(self, bucket, prefix, delimiter):
        lines = self.rclone("lsf", *(() if delimiter else ("--recursive", "--files-only")), f"remote:{bucket}/{prefix}").splitlines()
        return [prefix + line for line in lines if not line.endswith("/")], [prefix + line for line in lines if line.endswith("/")]

    def copy(self, bucket, key, to):
        self.rclone("copyto", f"remote:{bucket}/{key}", f"remote:{bucket}/{to}")

    def sync_up(self, folder, bucket, prefix):
        self.rclone("sync", folder, f"remote:{bucket}/{prefix}")
        self.rclone("check", folder, f"remote:{bucket}/{prefix}")

    def sync_down(self, bucket, prefix, folder):
        self.rclone("sync", f"remote:{bucket}/{prefix}", folder)

    def presign(self, bucket, key):
        return self.rclone("link", "--expire", "10m", f"remote:{bucket}/{key}").strip()

    def delete(self, bucket, key):
        self.rclone("deletefile", f"remote:{bucket}/{key}")

    def delete_many(self, bucket, keys):
        self.rclone("delete", f"remote:{bucket}")

    def remove(self, bucket):
        self.rclone("rmdir", f"remote:{bucket}")


class S3cmd(Client):
    """No presign: it signs URLs by the old signature only."""
    name = "s3cmd"

    def install(self, cache):
        self.program, self.version = debian_package("s3cmd", "/usr/bin/s3cmd")

    def open(self, site, work):
        super().open(site, work)
        self.config = os.path.join(work, "s3cfg")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(f"[default]\naccess_key = {site.access}\nsecret_key = {site.secret}\n"
                       f"host_base = {site.host}\nhost_bucket = {site.host}\nuse_https = {site.tls}\n"
                       f"ca_certs_file = {site.ca or ''}\nbucket_location = {site.region}\n"
                       "multipart_chunk_size_mb = 5\nprogress_meter = False\n")

    def s3cmd(self, *arguments):
        return run(self.program, "--config", self.config, *arguments, env=self.env)

    def make(self, bucket):
        self.s3cmd("mb", f"s3://{bucket}")

    def put(self, bucket, key, file):
        self.s3cmd("put", file, f"s3://{bucket}/{key}")
        self.s3cmd("info", f"s3://{bucket}/{key}")

    multipart = put

    def get(self, bucket, key, file):
        self.s3cmd("get", "--force", f"s3://{bucket}/{key}", file)

    def list(self, bucket, prefix, delimiter):
        lines = self.s3cmd("ls", *(() if delimiter else ("--recursive",)), f"s3://{bucket}/{prefix}").splitlines()
        names = [line.partition(f"s3://{bucket}/")[2] for line in lines]
        return [name for name in names if not name.endswith("/")], [name for name in names if name.endswith("/")]

    def copy(self, bucket, key, to):
        self.s3cmd("cp", f"s3://{bucket}/{key}", f"s3://{bucket}/{to}")

    def sync_up(self, folder, bucket, prefix):
        self.s3cmd("sync", "--delete-removed", folder + "/", f"s3://{bucket}/{prefix}")

    def sync_down(self, bucket, prefix, folder):
        self.s3cmd("sync", "--delete-removed", f"s3://{bucket}/{prefix}", folder + "/")

    def delete(self, bucket, key):
        self.s3cmd("del", f"s3://{bucket}/{key}")

    def delete_many(self, bucket, keys):
        self.s3cmd("del", "--recursive", "--force", f"s3://{bucket}/")

    def remove(self, bucket):
        self.s3cmd("rb", f"s3://{bucket}")


class S5cmd(Client):
    name = "s5cmd"
    version = "2.3.0"

    def install(self, cache):
        module = "github.com/peak/s5cmd/v2"
        self.program = go_build(cache, f"s5cmd-{self.version}", [f"{module}@v{self.version}"], package=module)

    def s5cmd(self, *arguments):
        return run(self.program, "--endpoint-url", self.site.url, "--retry-count", "1", *arguments, env=self.env)

    def make(self, bucket):
        self.s5cmd("mb", f"s3://{bucket}")

    def put(self, bucket, key, file):
        self.s5cmd("cp", "--part-size", "5", file, f"s3://{bucket}/{key}")

    multipart = put

    def get(self, bucket, key, file):
        self.s5cmd("cp", "--raw", "--part-size", "5", f"s3://{bucket}/{key}", file)

    def list(self, bucket, prefix, delimiter):
        lines = self.s5cmd("ls", f"s3://{bucket}/{prefix}{'' if delimiter else '*'}").splitlines()
        names = [prefix + line.split()[-1] if delimiter else line.split()[-1] for line in lines]
        return [name for name in names if not name.endswith("/")], [name for name in names if name.endswith("/")]

    def copy(self, bucket, key, to):
        self.s5cmd("cp", "--raw", f"s3://{bucket}/{key}", f"s3://{bucket}/{to}")

    def sync_up(self, folder, bucket, prefix):
        self.s5cmd("sync", "--delete", folder + "/", f"s3://{bucket}/{prefix}")

    def sync_down(self, bucket, prefix, folder):
        self.s5cmd("sync", "--delete", f"s3://{bucket}/{prefix}*", folder + "/")

    def presign(self, bucket, key):
        return self.s5cmd("presign", "--expire", "10m", f"s3://{bucket}/{key}").strip()

    def delete(self, bucket, key):
        self.s5cmd("rm", "--raw", f"s3://{bucket}/{key}")

    def delete_many(self, bucket, keys):
        self.s5cmd("rm", f"s3://{bucket}/*")

    def remove(self, bucket):
        self.s5cmd("rb", f"s3://{bucket}")


CLIENTS = [Rclone, S3cmd, S5cmd]
