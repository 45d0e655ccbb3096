"""Tools that read tables by ranges: pyarrow, s3fs for Python (fsspec) and DuckDB."""
import os

from common import HERE, Client, python_packages, run
from steps import BIG_BYTES, LISTING, clear

PROGRAMS = os.path.join(HERE, "programs")


class Tool(Client):
    """A program that checks all itself; it takes the bucket, the bucket of many keys, and a size of a large object."""
    script = ""
    pins = ()

    def install(self, cache):
        self.python = os.path.join(python_packages(cache, *self.pins), "python")

    def exercise(self, step):
        bucket = f"clients-{self.name}-{self.site.scheme}"
        clear(self.site, bucket)
        self.site.s3.create_bucket(Bucket=bucket)
        ca = {"S3_CA": self.site.ca} if self.site.tls else {}
        said = run(self.python, os.path.join(PROGRAMS, self.script), bucket, LISTING, str(BIG_BYTES), env={**self.env, **ca})
        for name in said.splitlines():
            step(name)
        clear(self.site, bucket)


class PyArrow(Tool):
    name, version = "pyarrow", "26.0.1"
    script, pins = "pyarrow_steps.py", ("pyarrow==26.0.1", "numpy==2.4.6")


class S3fsPython(Tool):
    name, version = "s3fs-python", "2026.9.0"
    script, pins = "s3fs_steps.py", ("s3fs==2026.9.0",)


class DuckDb(Tool):
    name, version = "duckdb-httpfs", "1.5.5"
    script, pins = "duckdb_steps.py", ("duckdb==1.5.5", "duckdb-extension-httpfs==1.5.5")


CLIENTS = [PyArrow, S3fsPython, DuckDb]
