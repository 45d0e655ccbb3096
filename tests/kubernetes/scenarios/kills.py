"""The operator dies by SIGKILL at every step of a long operation, and whoever takes over goes on from there."""
import shlex
import os
import time

from kube import run
from scene import CLUSTER, Skipped, expect, scenario, want, ready

POLL_S = 0.2


def kill_operators(world):
    """At once and without a word; new pods, so that no back-off of the kubelets' adds up."""
    tool = os.environ.get("PBFS_KILL_TOOL")
    if not tool:
        raise Skipped("PBFS_KILL_TOOL is not set: a program that sends SIGKILL to all processes of a name")
    run([*shlex.split(tool), "pbfs-operator"], check=False)
    for pod in world.system.list("pods", "app.kubernetes.io/name=pbfs-operator"):
        world.system.delete("pod", pod["metadata"]["name"], force=True)


def step_of(kube):
    operation = kube.get("pbfscluster", CLUSTER)["status"].get("operation", {})
    return operation.get("type"), operation.get("step")


def killed_at_every_step(kube, world, is_done, seconds=1500):
    """Returns the steps at which it was killed."""
    killed, end = [], time.monotonic() + seconds
    while not is_done():
        expect(time.monotonic() < end, f"not within {seconds} s, killed at {killed}, now at {step_of(kube)}")
        step = step_of(kube)
        if step[0] and step not in killed:
            kill_operators(world)
            killed.append(step)
        time.sleep(POLL_S)
    ready(kube, 400)
    return [f"{kind} {step}" for kind, step in killed]


@scenario
def the_operator_dies_at_every_step_of_a_scale_down(kube, world):
    want(kube, stores=7)
    kube.wait("seven stores", lambda: kube.get("pbfscluster", CLUSTER)["status"]["stores"]["summary"] == "7/7", 400)
    want(kube, stores=6)
    kube.wait("it begins", lambda: step_of(kube)[0] == "ScaleDown")
    steps = killed_at_every_step(kube, world, lambda: step_of(kube)[0] is None and
                                 kube.get("statefulset", "demo-fs-main")["spec"]["replicas"] == 6)
    expect(len(steps) >= 4, f"killed only at {steps}")
    kube.delete("pvc", "data-demo-fs-main-6", wait=True)
