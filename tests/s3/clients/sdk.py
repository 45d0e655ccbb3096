"""Libraries: a program in the language of each does one step a line.

A program of programs/ takes S3_URL and the usual AWS_ variables, reads lines of fields between tabs, and answers each with `ok` and
perhaps a value, or with `error` and what went wrong, in one line. Fields after the name of the step:

    make BUCKET                       put BUCKET KEY FILE              multipart BUCKET KEY FILE      parts of 5 MiB
    get BUCKET KEY FILE               range BUCKET KEY FIRST LAST FILE
    list BUCKET PREFIX DELIMITER FILE        writes lines `K<tab>key` and `P<tab>prefix`; keys percent-encoded nowhere
    copy BUCKET KEY TO                presign BUCKET KEY               presign_put BUCKET KEY         the value is the URL
    delete BUCKET KEY                 delete_many BUCKET KEY...        remove BUCKET
"""
import os
import shutil
import subprocess

from common import HERE, Client, Differs, go_build, install, once, program, python_packages, tail

PROGRAMS = os.path.join(HERE, "programs")


class Sdk(Client):
    def command(self):
        raise NotImplementedError

    def open(self, site, work):
        super().open(site, work)
        self.errors = open(os.path.join(work, "stderr"), "w+b")
        self.process = subprocess.Popen(self.command(), env=self.env, cwd=work, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors, text=True, encoding="utf-8", bufsize=1)

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.errors.close()

    def ask(self, *fields):
        try:
            self.process.stdin.write("\t".join(map(str, fields)) + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        outcome, _, value = answer.rstrip("\n").partition("\t")
        if outcome != "ok":
            self.errors.seek(0)
            raise Differs(f"> {' '.join(map(str, fields))[:300]}\n{answer.strip() or 'the program ended'}\n{tail(self.errors.read())}")
        return value

    def list(self, bucket, prefix, delimiter):
        target = os.path.join(self.work, "list")
        self.ask("list", bucket, prefix, delimiter, target)
        with open(target, encoding="utf-8") as file:
            lines = file.read().splitlines()
        return [line[2:] for line in lines if line.startswith("K\t")], [line[2:] for line in lines if line.startswith("P\t")]

    def delete_many(self, bucket, keys):
        self.ask("delete_many", bucket, *keys)


def asks(step):
    def method(self, *fields):
        return self.ask(step, *fields)
    return method


for name in ("make", "put", "multipart", "get", "range", "copy", "presign", "presign_put", "delete", "remove"):
    setattr(Sdk, name, asks(name))


class Boto3(Sdk):
    name = "boto3"
    version = "1.44.5"

    def install(self, cache):
        self.python = os.path.join(python_packages(cache, f"boto3=={self.version}"), "python")

    def command(self):
        return [self.python, os.path.join(PROGRAMS, "boto3_steps.py")]


class DebianBoto3(Boto3):
    name = "boto3-debian"

    def install(self, cache):
        self.python = "/usr/bin/python3"
        self.version = install("dpkg-query", "-W", "-f", "${Version}", "python3-boto3")


class JavaScript(Sdk):
    name = "aws-sdk-js-v3"
    version = "3.1169.0"
    presigner_version = "3.1162.0"

    def install(self, cache):
        self.node = program("node")
        pins = [f"@aws-sdk/client-s3@{self.version}", f"@aws-sdk/lib-storage@{self.version}",
                f"@aws-sdk/s3-request-presigner@{self.presigner_version}"]

        def make(folder):
            install(program("npm"), "install", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts", *pins)
        folder = once(cache, f"aws-sdk-js-{self.version}", make)
        self.script = shutil.copy(os.path.join(PROGRAMS, "aws_sdk_js.mjs"), folder)  # node looks for modules beside the program

    def command(self):
        return [self.node, self.script]


class AwsGo(Sdk):
    name = "aws-sdk-go-v2"
    version = "1.114.10"

    def install(self, cache):
        self.program = go_build(cache, f"aws-sdk-go-v2-{self.version}", source="aws_sdk_go.go", pins=[
            f"github.com/aws/aws-sdk-go-v2/service/s3@v{self.version}",
            "github.com/aws/aws-sdk-go-v2/config@v1.33.18", "github.com/aws/aws-sdk-go-v2/feature/s3/manager@v1.23.24"])

    def command(self):
        return [self.program]


class MinioGo(AwsGo):
    name = "minio-go"
    version = "7.4.1"

    def install(self, cache):
        pins = [f"github.com/minio/minio-go/v7@v{self.version}"]
        self.program = go_build(cache, f"minio-go-{self.version}", source="minio_go.go", pins=pins)


class Java(Sdk):
    name = "aws-sdk-java-v2"
    version = "2.57.8"

    def install(self, cache):
        self.java, keytool, maven = program("java"), program("keytool"), program("mvn")
        self.keytool = keytool

        def make(folder):
            install(maven, "-q", "-B", "-f", os.path.join(PROGRAMS, "aws_sdk_java.xml"), f"-Daws.version={self.version}",
                    "dependency:copy-dependencies", f"-DoutputDirectory={folder}")
        self.jars = once(cache, f"aws-sdk-java-{self.version}", make)

    def open(self, site, work):
        self.trust = []
        if site.tls:
            store = os.path.join(work, "trust.p12")
            install(self.keytool, "-importcert", "-noprompt", "-alias", "pbfs", "-file", site.ca,
                    "-keystore", store, "-storepass", "changeit")
            self.trust = [f"-Djavax.net.ssl.trustStore={store}", "-Djavax.net.ssl.trustStorePassword=changeit"]
        super().open(site, work)

    def command(self):
        return [self.java, *self.trust, "-cp", os.path.join(self.jars, "*"), os.path.join(PROGRAMS, "AwsSdkJava.java")]


CLIENTS = [Boto3, DebianBoto3, JavaScript, AwsGo, MinioGo, Java]
