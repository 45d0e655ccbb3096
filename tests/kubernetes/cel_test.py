#!/usr/bin/env python3
"""The verdicts of a real API server (README.md).

    KUBECONFIG=... tests/kubernetes/cel_test.py

Needs kubectl and a cluster that may be spoilt: the kinds of operator-manifests/crds are applied to it, and stay. Nothing is skipped: without
a cluster it fails.
"""
import copy
import json
import os
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MANIFESTS = ROOT / "operator-manifests"
SPACE = f"pbfs-cel-{os.getpid()}"


def kubectl(*arguments: str, given: str = None) -> subprocess.CompletedProcess:
    return subprocess.run(["kubectl", *arguments], input=given, text=True, capture_output=True, check=False, timeout=120)


def must(*arguments: str, given: str = None) -> str:
    answer = kubectl(*arguments, given=given)
    if answer.returncode:
        raise AssertionError(f"kubectl {' '.join(arguments)}: {answer.stderr}")
    return answer.stdout


def merge(value, patch):
    """RFC 7386."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    out = dict(value) if isinstance(value, dict) else {}
    for name, one in patch.items():
        if one is None:
            out.pop(name, None)
        else:
            out[name] = merge(out.get(name), one)
    return out


def object_of(kind: str, name: str, spec: dict) -> dict:
    return {"apiVersion": "pbfs.dev/v1alpha1", "kind": kind, "metadata": {"name": name, "namespace": SPACE}, "spec": spec}


class Cases:
    """The cases of one kind."""

    def __init__(self, kind: str):
        self.kind = kind
        text = json.loads((MANIFESTS / "testdata" / f"{kind}.json").read_text())
        self.base, self.cases = text["base"], text["cases"]

    def answer(self, case: dict) -> subprocess.CompletedProcess:
        """Of the server, to the last step of a case; nothing of it is left."""
        name = case.get("name", "case")
        if "status" in case:
            return self.with_object(name, self.base, lambda: self.change_status(name, case))
        new = json.dumps(object_of(self.kind, name, merge(self.base, case["spec"])))
        if "before" not in case:
            return kubectl("create", "--dry-run=server", "-f", "-", given=new)
        return self.with_object(name, merge(self.base, case["before"]),
                                lambda: kubectl("replace", "--dry-run=server", "-f", "-", given=new))

    def with_object(self, name: str, spec: dict, step) -> subprocess.CompletedProcess:
        must("create", "-f", "-", given=json.dumps(object_of(self.kind, name, spec)))
        try:
            return step()
        finally:
            must("-n", SPACE, "delete", self.kind, name)

    def change_status(self, name: str, case: dict) -> subprocess.CompletedProcess:
        def change(status: dict) -> subprocess.CompletedProcess:
            return kubectl("-n", SPACE, "patch", self.kind, name, "--subresource=status", "--type=merge", "-p", json.dumps({"status": status}))

        first = change(case["statusBefore"])
        if first.returncode:
            raise AssertionError(first.stderr)
        return change(case["status"])


class CelTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for file in sorted((MANIFESTS / "crds").glob("*.yaml")):
            must("apply", "--server-side", "--force-conflicts", "-f", str(file))
        must("wait", "--for=condition=Established", "--timeout=60s", "-f", str(MANIFESTS / "crds"))
        must("create", "namespace", SPACE)

    @classmethod
    def tearDownClass(cls):
        must("delete", "namespace", SPACE)

    def judge(self, kind: str):
        cases = Cases(kind)
        for number, case in enumerate(cases.cases):
            with self.subTest(f"{number}: {json.dumps(case)}"):
                answer = cases.answer(case)
                if "refused" in case:
                    self.assertNotEqual(answer.returncode, 0, "it is taken")
                    self.assertIn(case["rule"].split(": ", 1)[1], answer.stderr)
                else:
                    self.assertEqual(answer.returncode, 0, answer.stderr)

    def test_clusters(self):
        self.judge("PBFSCluster")

    def test_buckets(self):
        self.judge("PBFSBucket")

    def test_access_keys(self):
        self.judge("PBFSAccessKey")

    def test_replications(self):
        self.judge("PBFSSiteReplication")

    def test_samples_are_taken(self):
        for file in sorted((MANIFESTS / "samples").glob("*.yaml")):
            with self.subTest(file.name):
                must("-n", SPACE, "create", "--dry-run=server", "--validate=strict", "-f", str(file))

    def test_defaults_are_those_of_the_tests(self):
        defaults = json.loads((MANIFESTS / "testdata" / "defaults.json").read_text())
        made = must("create", "--dry-run=server", "-o", "json", "-f", "-", given=json.dumps(object_of("PBFSCluster", "demo", defaults["given"])))
        self.assertEqual(json.loads(made)["spec"], defaults["filled"])


if __name__ == "__main__":
    if not os.environ.get("KUBECONFIG") or not shutil.which("kubectl"):
        sys.exit("cel_test: needs kubectl, and KUBECONFIG of a cluster that may be spoilt")
    unittest.main()
