#!/usr/bin/env python3
"""PBFS on a real Kubernetes, end to end: from nothing to a cluster that serves S3, then what can happen to it, under a checked workload.

  scripts/kubernetes-test [--tag TAG] [--only WORDS] [--list] [--keep]

Takes the cluster that kubectl in PATH and KUBECONFIG speak of, and makes the namespaces pbfs-system and pbfs-e2e in it: use one that is yours.
Where KUBECONFIG is not set it starts one of its own on this machine (tests/kubernetes/cluster/README.md says what that needs).

--tag    images that were built before (scripts/images --tag); unless given they are built from build/release now
--load   a command that brings an archive of an image into the cluster's nodes, called once for each; unless given that of the own cluster
--only   scenarios whose name contains these words
--from   begins with the first whose name contains these words
--keep   leaves everything there at the end

Scenarios in which nodes crash need PBFS_NODE_TOOL (scene.py says what that is); without it they are skipped, and the run is not ok.

Prints for each scenario how long it took and the longest time without a successful request. Exit code 0: all did what they should.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
OWN_CLUSTER = HERE / "cluster" / "testcluster"
sys.path.insert(0, str(HERE))
import load  # noqa: E402
import scenarios  # noqa: E402
import scene  # noqa: E402
from kube import Failure, Kube, run  # noqa: E402

SPACE = "pbfs-e2e"
IMAGES = ["operator", "catalog", "fragment-store", "gateway", "garbage-collector", "repairer", "postgres", "tools"]


def say(text):
    print(text, flush=True)


class World:
    """What a scenario is given besides the cluster's namespace."""

    def __init__(self, tag):
        self.tag = tag
        self.system = Kube("pbfs-system")
        self.tools = f"localhost/pbfs-tools:{tag}"


def build_images(tag):
    command = [str(ROOT / "scripts" / "images"), "--tag", tag]
    if "PBFS_IMAGE_BUILDER" not in os.environ:
        command += ["--builder", f"{OWN_CLUSTER} image"]
    subprocess.run(command, check=True)


def load_images(how):
    for name in IMAGES:
        subprocess.run([*how.split(), str(ROOT / "build" / "images" / f"{name}.tar")], check=True, stdout=subprocess.DEVNULL)


def install(tag):
    """The manifests, with the images of `tag`."""
    text = run(["kubectl", "kustomize", str(ROOT / "operator-manifests")]).stdout
    text = re.sub(r"(localhost/pbfs-[a-z-]+):[\w.-]+", rf"\1:{tag}", text)
    run(["kubectl", "apply", "--server-side", "--force-conflicts", "-f", "-"], stdin=text)


def begin(kube, world):
    """From an empty cluster to one that serves. Returns seconds: to Ready, and to the first answers of S3."""
    started = time.monotonic()
    install(world.tag)
    run(["kubectl", "apply", "-f", "-"], stdin=f"""
apiVersion: v1
kind: Namespace
metadata: {{name: {SPACE}, labels: {{pod-security.kubernetes.io/enforce: restricted}}}}
""")
    kube.apply(scene.cluster_object(), scene.bucket_object(scene.BUCKET),
               scene.key_object(scene.KEY, grants=[
                   {"bucketRef": {"name": scene.BUCKET}, "access": ["Read", "Write", "List", "Delete"]}]))
    scene.ready(kube, 300)
    ready_s = time.monotonic() - started
    scene.await_reason(kube, "pbfsaccesskey", scene.KEY, "Ready")
    node = run(["kubectl", "get", "nodes", "-o", "name"]).stdout.split()[0]
    run(["kubectl", "label", "--overwrite", node, "pbfs.dev/load=true"])
    load.start(kube, world.tools, scene.KEY, scene.BUCKET)
    return ready_s, time.monotonic() - started


def clean_up():
    for kind in ("pbfsbucket", "pbfsaccesskey", "pbfscluster"):
        run(["kubectl", "-n", SPACE, "delete", kind, "--all", "--wait=true", "--timeout=180s", "--ignore-not-found"], check=False,
            timeout=240)
    run(["kubectl", "delete", "namespace", SPACE, "pbfs-system", "--wait=true", "--timeout=120s", "--ignore-not-found"], check=False,
        timeout=180)


def chosen(options):
    names = [name for name, _ in scenarios.SCENARIOS]
    begin = next((i for i, name in enumerate(names) if options.begin in name), len(names))
    return [(name, function) for name, function in scenarios.SCENARIOS[begin:] if options.only in name]


def run_scenarios(kube, world, options):
    failed, skipped = [], []
    say(f"{'scenario':<48} {'result':<8} {'seconds':>8} {'gap, s':>8}")
    for name, function in chosen(options):
        began, begin_s = time.monotonic(), time.time()
        problem = None
        try:
            function(kube, world)
            load.await_traffic(kube)
            wrong = load.failures(kube)
            if wrong:
                problem = wrong.splitlines()[0]
        except scene.Skipped as missing:
            say(f"{name:<48} {'SKIPPED':<8} {missing}")
            skipped.append(name)
            continue
        except Exception as failure:  # pylint: disable=broad-except: whatever it is, the next scenario is to be tried
            problem = repr(failure)
        gap = load.gap(kube, begin_s, time.time())
        say(f"{name:<48} {'FAILED' if problem else 'ok':<8} {time.monotonic() - began:>8.1f} {gap:>8.1f}")
        if problem:
            say(f"    {problem[:1500]}")
            failed.append(name)
    return failed, skipped


def test(options):
    kube, world = Kube(SPACE), World(options.tag)
    ready_s, s3_s = begin(kube, world)
    say(f"from nothing to Ready {ready_s:.0f} s, to S3 PUT, GET and PATCH from a pod {s3_s:.0f} s")
    failed, skipped = run_scenarios(kube, world, options)
    result = load.finish(kube)
    say(f"workload: {result['requests']} requests succeeded, {result['unanswered']} were not answered, "
        f"{result['objects']} objects read at the end, 0 wrong answers")
    if not options.keep:
        clean_up()
    if skipped:
        say("SKIPPED, so this says nothing of: " + ", ".join(skipped))
    say("FAILED: " + ", ".join(failed) if failed else "not all scenarios ran" if skipped else "all scenarios ok")
    return 1 if failed or skipped else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tag", default="")
    parser.add_argument("--load", default=f"{OWN_CLUSTER} load")
    parser.add_argument("--only", default="")
    parser.add_argument("--from", dest="begin", default="")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    if options.list:
        for name, _ in scenarios.SCENARIOS:
            say(name)
        return 0
    if "KUBECONFIG" not in os.environ:
        subprocess.run([str(OWN_CLUSTER), "up", "--nodes", "3"], check=True, stdout=subprocess.DEVNULL)
        if not options.tag:
            options.tag = "test-" + run(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]).stdout.strip()
            build_images(options.tag)
        load_images(options.load)
        again = [str(OWN_CLUSTER), "exec", "--", sys.executable, __file__, "--tag", options.tag, "--only", options.only, "--from", options.begin]
        return subprocess.run(again + (["--keep"] if options.keep else []), check=False).returncode
    if not options.tag:
        parser.error("KUBECONFIG is set: give --tag of images that the cluster's nodes have")
    return test(options)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(f"kubernetes-test: {failure}")
    except subprocess.CalledProcessError as failure:
        sys.exit(f"kubernetes-test: {failure.cmd[0]} failed ({failure.returncode})")
