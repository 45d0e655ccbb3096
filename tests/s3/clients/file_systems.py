"""File systems over S3: s3fs-fuse and GeeseFS, mounted as a user would, and restic, which keeps backups."""
import os
import random
import subprocess
import time

from common import Client, Differs, Missing, debian_package, equal, go_build, random_bytes, read, run, same, write
from steps import BIG_BYTES, clear, stored

FILES = {"empty": 0, "small": 4099, "folder/inner": 100_003, "big": BIG_BYTES}
MOUNT_DEADLINE_S = 120


class Mounted(Client):
    """A bucket as a folder. A subclass has mount(bucket, folder), which gives a command that stays in the foreground."""
    process = None

    def install(self, cache):
        if not os.path.exists("/dev/fuse"):
            raise Missing("no /dev/fuse on this machine")

    def begin(self, bucket):
        self.folder = os.path.join(self.work, "mnt")
        os.makedirs(self.folder, exist_ok=True)
        self.log = os.path.join(self.work, "log")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.mount(bucket, self.folder), env=self.env, stdout=log, stderr=log)
        deadline = time.monotonic() + MOUNT_DEADLINE_S
        while not os.path.ismount(self.folder):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Differs(f"no mount: {read(self.log).decode(errors='replace')[-2000:]}")
            time.sleep(0.2)

    def end(self):
        """Unmounts, which writes what is not written yet."""
        run("fusermount3" if os.path.exists("/usr/bin/fusermount3") else "fusermount", "-u", self.folder)
        self.process.wait(MOUNT_DEADLINE_S)
        self.process = None

    def close(self):
        if self.process:
            subprocess.run(["fusermount3", "-uz", self.folder], capture_output=True, check=False)
            self.process.kill()
            self.process.wait()
            self.process = None

    def path(self, name):
        return os.path.join(self.folder, name)

    def exercise(self, step):
        bucket = f"clients-{self.name}-{self.site.scheme}"
        clear(self.site, bucket)
        self.site.s3.create_bucket(Bucket=bucket)
        self.begin(bucket)
        try:
            self.files(bucket, step)
        except OSError as error:
            raise Differs(f"{error}; {read(self.log).decode(errors='replace')[-2000:]}") from None
        self.end()
        equal("keys left after all files were removed", [key for key in self.keys(bucket) if not key.endswith("/")], [])
        clear(self.site, bucket)

    def keys(self, bucket):
        return [item["Key"] for item in self.site.s3.list_objects_v2(Bucket=bucket).get("Contents", [])]

    def files(self, bucket, step):
        os.mkdir(self.path("folder"))
        content = {name: random_bytes(size, name) for name, size in FILES.items()}
        for name, data in content.items():
            write(self.path(name), data)
        self.again(bucket)
        for name, data in content.items():
            same(f"{name} read by another", stored(self.site, bucket, name), data)
            same(f"{name} read from the mount", read(self.path(name)), data)
        step("write read")
        self.change(bucket, bytearray(content["big"]))
        step("change in the middle")
        os.chmod(self.path("small"), 0o600)
        os.rename(self.path("small"), self.path("folder/renamed"))
        same("renamed file", read(self.path("folder/renamed")), content["small"])
        equal("list", sorted(os.listdir(self.path("folder"))), ["inner", "renamed"])
        step("rename list")
        for name in ("empty", "big", "folder/inner", "folder/renamed"):
            os.remove(self.path(name))
        os.rmdir(self.path("folder"))
        step("remove")

    def again(self, bucket):
        """What was written is in the bucket, and nothing is in a cache."""
        self.end()
        self.begin(bucket)

    def change(self, bucket, expected):
        """Small writes at unaligned places of a large file, then an append."""
        places = random.Random(7).sample(range(BIG_BYTES - 5000), 8)
        with open(self.path("big"), "r+b") as file:
            for place in places:
                data = random_bytes(4321, place)
                file.seek(place)
                file.write(data)
                expected[place:place + len(data)] = data
        with open(self.path("big"), "ab") as file:
            file.write(b"the end")
        expected += b"the end"
        self.again(bucket)
        same("changed file read by another", stored(self.site, bucket, "big"), bytes(expected))
        same("changed file read from the mount", read(self.path("big")), bytes(expected))


class S3fsFuse(Mounted):
    name = "s3fs-fuse"

    def install(self, cache):
        super().install(cache)
        self.program, self.version = debian_package("s3fs", "/usr/bin/s3fs")

    def mount(self, bucket, folder):
        options = f"url={self.site.url},use_path_request_style,multipart_size=5,parallel_count=2,retries=2,endpoint={self.site.region}"
        return [self.program, bucket, folder, "-f", "-o", options]


class GeeseFs(Mounted):
    name = "geesefs"
    version = "0.43.0"

    def install(self, cache):
        super().install(cache)
        module = "github.com/yandex-cloud/geesefs"
        self.program = go_build(cache, f"geesefs-{self.version}", [f"{module}@v{self.version}"], package=module, replaces=[
            "github.com/winfsp/cgofuse=github.com/vitalif/cgofuse@v0.0.0-20230609211427-22e8fa44f6b8",
            "github.com/jacobsa/fuse=github.com/vitalif/fusego@v0.0.0-20241023174951-7a12c251bb93"])

    def mount(self, bucket, folder):
        return [self.program, "--endpoint", self.site.url, "--region", self.site.region, "--enable-patch", "-f", bucket, folder]


class Restic(Client):
    name = "restic"

    def install(self, cache):
        self.program, self.version = debian_package("restic", "/usr/bin/restic")

    def restic(self, *arguments):
        trust = ["--cacert", self.site.ca] if self.site.tls else []
        return run(self.program, *trust, "--no-cache", *arguments, env=self.env)

    def exercise(self, step):
        bucket = f"clients-restic-{self.site.scheme}"
        clear(self.site, bucket)
        self.env.update({"RESTIC_REPOSITORY": f"s3:{self.site.url}/{bucket}", "RESTIC_PASSWORD": "not a secret"})
        self.restic("init")
        source, target = os.path.join(self.work, "source"), os.path.join(self.work, "target")
        for name, size in FILES.items():
            os.makedirs(os.path.dirname(os.path.join(source, name)), exist_ok=True)
            write(os.path.join(source, name), random_bytes(size, name))
        self.restic("backup", source)
        step("backup")
        write(os.path.join(source, "small"), b"changed")
        self.restic("backup", source)
        self.restic("check", "--read-data")
        step("check of all data")
        self.restic("restore", "latest", "--target", target)
        for name in FILES:
            same(f"{name} restored", read(target + os.path.join(source, name)), read(os.path.join(source, name)))
        step("restore")
        self.restic("forget", "--keep-last", "1", "--prune")
        self.restic("check", "--read-data")
        step("prune")
        clear(self.site, bucket)


CLIENTS = [S3fsFuse, Restic, GeeseFs]
