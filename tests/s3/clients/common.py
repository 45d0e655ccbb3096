"""What the tests of all clients share: the gateway, installing into a cache, running programs, files with their bytes.

A client is a subclass of Client in a module of this folder. `scripts/s3-clients` installs it, opens it once per scheme and lets
steps.exercise (or its own `exercise`) use it. What goes wrong is Differs; what cannot be had on this machine is Missing.
"""
import os
import random
import shutil
import subprocess
import urllib.parse

import boto3
import botocore.client

HERE = os.path.dirname(os.path.abspath(__file__))
TIMEOUT_S = 900  # of one command; the machine may be building something else meanwhile


class Differs(Exception):
    """What a client did is not what was expected."""


class Missing(Exception):
    """A client that cannot be installed or run on this machine."""


class Site:
    """One address of the gateway and the user that the client is."""

    def __init__(self, url, ca, access, secret):
        self.url, self.ca, self.access, self.secret = url.rstrip("/"), ca, access, secret
        parts = urllib.parse.urlsplit(self.url)
        self.scheme, self.host, self.tls = parts.scheme, parts.netloc, parts.scheme == "https"
        self.region = "us-east-1"
        # The neutral party: what the client wrote is read by it, and what it wrote by the client.
        self.s3 = boto3.client("s3", endpoint_url=self.url, aws_access_key_id=access, aws_secret_access_key=secret,
                               region_name=self.region, verify=ca if self.tls else None,
                               config=botocore.client.Config(s3={"addressing_style": "path"}, read_timeout=TIMEOUT_S,
                                                             max_pool_connections=16, retries={"max_attempts": 2}))

    def environment(self):
        """The variables by which most clients find a key and a certificate; nothing of the caller's AWS configuration."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PBFS_"))}
        found = {**kept, "AWS_ACCESS_KEY_ID": self.access, "AWS_SECRET_ACCESS_KEY": self.secret, "AWS_REGION": self.region,
                 "AWS_DEFAULT_REGION": self.region, "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null",
                 "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "NODE_NO_WARNINGS": "1", "S3_URL": self.url}
        if self.tls:
            found.update({"AWS_CA_BUNDLE": self.ca, "SSL_CERT_FILE": self.ca, "NODE_EXTRA_CA_CERTS": self.ca, "CURL_CA_BUNDLE": self.ca})
        return found


def sites():
    """The addresses that the environment names, HTTP first."""
    try:
        access, secret = os.environ["PBFS_S3_ACCESS_KEY"], os.environ["PBFS_S3_SECRET_KEY"]
        found = [Site(os.environ["PBFS_S3_ENDPOINT"], None, access, secret)]
    except KeyError as missing:
        raise SystemExit(f"s3-clients: set {missing.args[0]}, as tests/s3/README.md says") from None
    if "PBFS_S3_HTTPS_ENDPOINT" in os.environ:
        found.append(Site(os.environ["PBFS_S3_HTTPS_ENDPOINT"], os.environ["PBFS_S3_CA"], access, secret))
    return found


def run(*command, env=None, cwd=None, stdin=None, timeout=TIMEOUT_S, output=str):
    """Standard output (str or bytes) of a command that must end with 0; Differs with the command and all that it said otherwise."""
    try:
        done = subprocess.run(command, env=env, cwd=cwd, input=stdin, capture_output=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired as late:
        raise Differs(f"$ {shown(command)}\nno end after {timeout} s\n{tail(late.stdout)}{tail(late.stderr)}") from None
    if done.returncode != 0:
        raise Differs(f"$ {shown(command)}\nended with {done.returncode}\n{tail(done.stdout)}{tail(done.stderr)}")
    return done.stdout if output is bytes else done.stdout.decode(errors="replace")


def shown(command):
    """A command for a person, without the secret where a client takes it as an argument."""
    secret = os.environ.get("PBFS_S3_SECRET_KEY") or "\0"
    return " ".join(command).replace(secret, "SECRET")


def tail(output, limit=1500):
    """The end of a program's output, without the secret."""
    text = (output or b"").decode(errors="replace")[-limit:]
    return text.replace(os.environ.get("PBFS_S3_SECRET_KEY") or "\0", "SECRET")


def install(*command, **options):
    """A step of installing; what fails there is Missing, since it says nothing about the gateway."""
    try:
        return run(*command, **options)
    except (Differs, OSError) as failed:
        raise Missing(str(failed)) from None


def program(name):
    """The path of a program that must be there."""
    found = shutil.which(name)
    if not found:
        raise Missing(f"no {name} on this machine")
    return found


def once(cache, name, make):
    """A folder of the cache that `make(folder)` fills; made anew if an earlier try did not end."""
    folder = os.path.join(cache, name)
    done = os.path.join(folder, ".complete")
    if not os.path.exists(done):
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        make(folder)
        with open(done, "w", encoding="utf-8"):
            pass
    return folder


def python_packages(cache, *pins):
    """A Python of its own with packages of PyPI, `name==version`; its path."""
    def make(folder):
        install("/usr/bin/python3", "-m", "venv", folder)
        install(os.path.join(folder, "bin/pip"), "install", "-q", "--disable-pip-version-check", *pins)
    return os.path.join(once(cache, "python-" + "-".join(pin.replace("==", "-") for pin in pins), make), "bin")


def debian_package(package, path):
    """The program `path` of a Debian package and the version of it."""
    if not os.path.exists(path):
        raise Missing(f"no {path}: Debian package {package} is not installed; scripts/install-packages s3-clients installs it")
    return path, install("dpkg-query", "-W", "-f", "${Version}", package)


def go_build(cache, name, pins, source=None, package=None, replaces=()):
    """A Go program: of a `source` here, or of a `package` that is a program; built with modules `path@version`; its path."""
    def make(folder):
        go, env = program("go"), {**os.environ, "GOFLAGS": "-buildvcs=false -mod=mod"}
        install(go, "mod", "init", "pbfs/clients", cwd=folder, env=env)
        for replace in replaces:
            install(go, "mod", "edit", "-replace", replace, cwd=folder, env=env)
        for pin in pins:
            install(go, "mod", "edit", "-require", pin, cwd=folder, env=env)
        if source:
            shutil.copy(os.path.join(HERE, "programs", source), os.path.join(folder, "main.go"))
        install(go, "build", "-p", "2", "-o", "program", package or ".", cwd=folder, env=env, timeout=2 * TIMEOUT_S)
    return os.path.join(once(cache, name, make), "program")


class Client:
    """One client that people have. Threads: one.

    A step of steps.exercise that a client has no method for is left out. Methods: make(bucket), put(bucket, key, file) as one PUT,
    multipart(bucket, key, file), get(bucket, key, file), range(bucket, key, first, last, file), list(bucket, prefix, delimiter) giving
    (keys, prefixes), copy(bucket, key, to), sync_up(folder, bucket, prefix), sync_down(bucket, prefix, folder), presign(bucket, key)
    giving a URL to GET, presign_put(bucket, key) one to PUT, delete(bucket, key), delete_many(bucket, keys), remove(bucket).
    """
    name = ""
    version = ""
    checked_parts = True  # whether its uploads of many parts have an ETag with a dash

    def install(self, cache):
        """Finds or installs the program and sets `version`; Missing if it cannot."""

    def open(self, site, work):
        """Begins to use a site. `work` is an empty folder."""
        self.site, self.work, self.env = site, work, {**site.environment(), "HOME": work}

    def close(self):
        """Ends what open began; also after a failure."""


def random_bytes(size, seed):
    """The same bytes for the same seed."""
    return random.Random(seed).randbytes(size)


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)
    return path


def read(path):
    with open(path, "rb") as file:
        return file.read()


def same(what, got, expected):
    """Bytes that must be equal; says where they first differ."""
    if got == expected:
        return
    at = next((i for i, (a, b) in enumerate(zip(got, expected)) if a != b), min(len(got), len(expected)))
    raise Differs(f"{what}: {len(got)} bytes, expected {len(expected)}; they differ at {at}: "
                  f"{got[at:at + 16].hex()} instead of {expected[at:at + 16].hex()}")


def equal(what, got, expected):
    """Values that must be equal."""
    if got != expected:
        raise Differs(f"{what}: got {brief(got)}, expected {brief(expected)}")


def same_names(what, got, expected):
    """Names in any order, each once; says which are missing or too many."""
    if sorted(got) != sorted(expected):
        missing, extra = sorted(set(expected) - set(got)), sorted(set(got) - set(expected))
        raise Differs(f"{what}: {len(got)} names, expected {len(expected)}; missing {missing[:3]}, unexpected {extra[:3]}")


def brief(value):
    text = repr(value)
    return text if len(text) < 600 else f"{text[:300]} ... {text[-300:]}"
