#!/usr/bin/env python3
"""Objects that were made under the kinds of an earlier version, under those of this one (README.md).

    KUBECONFIG=... tests/kubernetes/crd_upgrade_test.py --from COMMIT

Needs kubectl, git, and a cluster that may be spoilt: the kinds of pbfs.dev are deleted first, with all of their objects. For each case of the
earlier version's operator-manifests/testdata that was accepted an object is made, and all samples; then the kinds of this version are applied
over the earlier ones. Every object has to be there, with all that was in it, and to take a change.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys

from cel_test import MANIFESTS, ROOT, SPACE, kubectl, merge, must, object_of

KINDS = ["PBFSCluster", "PBFSBucket", "PBFSAccessKey", "PBFSSiteReplication"]


def earlier(commit, path):
    return subprocess.run(["git", "-C", str(ROOT), "show", f"{commit}:{path}"], check=True, capture_output=True, text=True).stdout


def earlier_files(commit, folder):
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-tree", "--name-only", commit, f"operator-manifests/{folder}/"], check=True, capture_output=True, text=True)
    return [name for name in listed.stdout.split() if name.endswith((".yaml", ".json"))]


def accepted(commit, kind):
    """Specs that the earlier version took for new objects."""
    text = json.loads(earlier(commit, f"operator-manifests/testdata/{kind}.json"))
    return [merge(text["base"], case["spec"]) for case in text["cases"] if "refused" not in case and "before" not in case and "spec" in case
            and "name" not in case]


def begin(commit):
    must("delete", "crd", "--ignore-not-found", *[f"{kind.lower()}s.pbfs.dev" for kind in KINDS])
    for name in earlier_files(commit, "crds"):
        must("apply", "--server-side", "-f", "-", given=earlier(commit, name))
    must("wait", "--for=condition=Established", "--timeout=60s", "crd", *[f"{kind.lower()}s.pbfs.dev" for kind in KINDS])
    must("create", "namespace", SPACE)


def make_objects(commit):
    for kind in KINDS:
        for number, spec in enumerate(accepted(commit, kind)):
            must("create", "-f", "-", given=json.dumps(object_of(kind, f"case-{number}", spec)))
            must("-n", SPACE, "patch", kind, f"case-{number}", "--subresource=status", "--type=merge", "-p", json.dumps({"status": {"observedGeneration": 1}}))
    for name in earlier_files(commit, "samples"):
        kubectl("-n", SPACE, "create", "-f", "-", given=earlier(commit, name))  # one of each name: several samples are called alike


def all_objects():
    found = {}
    for kind in KINDS:
        for item in json.loads(must("-n", SPACE, "get", kind, "-o", "json"))["items"]:
            found[kind, item["metadata"]["name"]] = item
    return found


def lost(before, after, path=""):
    """What of `before` is not in `after`; defaults may have been added."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [one for name, value in before.items() for one in lost(value, after.get(name), f"{path}.{name}")]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [one for number, value in enumerate(before) for one in lost(value, after[number], f"{path}[{number}]")]
    return [] if before == after else [f"{path}: {before!r} became {after!r}"]


def upgrade():
    for file in sorted((MANIFESTS / "crds").glob("*.yaml")):
        must("apply", "--server-side", "--force-conflicts", "-f", str(file))
    must("wait", "--for=condition=Established", "--timeout=60s", "-f", str(MANIFESTS / "crds"))


def judge(before, after):
    problems = []
    for key, old in before.items():
        new = after.get(key)
        if new is None or new["metadata"]["uid"] != old["metadata"]["uid"]:
            problems.append(f"{key}: is gone")
            continue
        problems += [f"{key}: {one}" for one in lost({part: old[part] for part in ("spec", "status") if part in old}, new)]
        change = kubectl("-n", SPACE, "label", key[0], key[1], "changed=yes")
        if change.returncode:
            problems.append(f"{key}: takes no change: {change.stderr.strip()}")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="commit", required=True)
    options = parser.parse_args()
    if not os.environ.get("KUBECONFIG") or not shutil.which("kubectl"):
        sys.exit("crd_upgrade_test: needs kubectl, and KUBECONFIG of a cluster that may be spoilt")
    begin(options.commit)
    make_objects(options.commit)
    before = all_objects()
    if len(before) < len(KINDS):
        sys.exit(f"crd_upgrade_test: only {len(before)} objects were made under {options.commit}")
    upgrade()
    problems = judge(before, all_objects())
    must("delete", "namespace", SPACE)
    print("\n".join(problems) or f"{len(before)} objects of {options.commit}: all there, as they were, and take changes")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
