#!/usr/bin/env python3
"""scripts/images, with a builder that only writes down what it was asked for."""
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = b"base-files 12 amd64\n"
# Called as any builder; what it is asked for goes to a file beside it.
BUILDER = """import json, pathlib, sys
here = pathlib.Path(__file__).parent
with open(here / "calls", "a") as calls:
    calls.write(json.dumps({"argv": sys.argv[1:], "programs": sorted(p.name for p in pathlib.Path(sys.argv[-1], "bin").iterdir())}) + "\\n")
print("working")
print(here / "image.tar")
"""


def add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


class BuildImagesTest(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        (self.folder / "builder.py").write_text(BUILDER)
        layer = io.BytesIO()
        with tarfile.open(fileobj=layer, mode="w") as files:
            add(files, "usr/share/doc/pbfs/packages.txt", PACKAGES)
        with tarfile.open(self.folder / "image.tar", "w") as image:
            add(image, "layer.tar", layer.getvalue())
            add(image, "manifest.json", json.dumps([{"Layers": ["layer.tar"]}]).encode())
        self.build = self.folder / "build"
        for program in ("pbfs-catalog", "pbfs-gateway"):
            place = self.build / "services" / program.removeprefix("pbfs-")
            place.mkdir(parents=True)
            shutil.copy("/bin/true", place / program)

    def images(self, *arguments: str, builder: str = "") -> subprocess.CompletedProcess:
        environment = os.environ | {"PBFS_IMAGE_BUILDER": builder or f"{sys.executable} -B {self.folder / 'builder.py'}"}
        return subprocess.run([ROOT / "scripts" / "images", "--from", self.build, "--out", self.folder / "out", "--tag", "t1", *arguments],
                              env=environment, capture_output=True, text=True, check=False)

    def calls(self) -> list:
        return [json.loads(line) for line in (self.folder / "calls").read_text().splitlines()]

    def test_the_base_is_first_and_others_are_told_its_name(self):
        self.assertEqual(self.images("--only", "catalog", "base").returncode, 0)
        base, catalog = (call["argv"] for call in self.calls())
        self.assertEqual(base[:4], ["-t", "localhost/pbfs-base:t1", "-f", str(ROOT / "Dockerfiles" / "base.Dockerfile")])
        self.assertEqual(catalog[1], "localhost/pbfs-catalog:t1")
        self.assertIn("BASE=localhost/pbfs-base:t1", catalog)
        self.assertTrue(any(argument.startswith("REVISION=") for argument in catalog))

    def test_a_program_that_was_not_built_has_no_image_and_is_named(self):
        done = self.images("--only", "catalog", "repairer")
        self.assertEqual(done.returncode, 0)
        self.assertIn("repairer: left out", done.stderr)
        self.assertIn("pbfs-repairer", done.stderr)
        self.assertEqual([call["programs"] for call in self.calls()], [["pbfs-catalog"]])

    def test_the_list_of_packages_and_the_archive_are_handed_out(self):
        self.assertEqual(self.images("--only", "base").returncode, 0)
        self.assertEqual((self.folder / "out" / "base.packages").read_bytes(), PACKAGES)
        self.assertTrue(tarfile.is_tarfile(self.folder / "out" / "base.tar"))

    def test_what_is_wrong_is_said(self):
        failing = self.images(builder="false")
        self.assertEqual(failing.returncode, 1)
        self.assertIn("failed (1)", failing.stderr)
        self.assertIn("no-such-builder", self.images(builder="no-such-builder").stderr)
        self.assertIn("not latest", self.images("--tag", "latest").stderr)
        self.assertIn("build first", self.images("--from", "/nonexistent").stderr)
        self.assertNotEqual(self.images("--only", "nothing").returncode, 0)


if __name__ == "__main__":
    unittest.main()
