"""How people see a cluster: metrics, alerts, dashboards, kubectl pbfs."""
import pathlib
import re
import tempfile

import load
from kube import Failure, Kube, run
from scene import CLUSTER, cluster_object, expect, ready, scenario

GROUP = "monitoring.coreos.com"
KINDS = {"ServiceMonitor": "servicemonitors", "PrometheusRule": "prometheusrules"}
BOARDS = ["demo-dashboard-cluster", "demo-dashboard-gateway", "demo-dashboard-postgres"]
PBFS = pathlib.Path(__file__).resolve().parents[3] / "build/release/tools/pbfs/pbfs"


def definition(kind, plural):
    """As much of the Prometheus operator's as keeps an object."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": f"{plural}.{GROUP}"},
            "spec": {"group": GROUP, "scope": "Namespaced", "names": {"kind": kind, "plural": plural},
                     "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}]}}


def page(kube, url, authority=None):
    """What a pod of the namespace gets from there, without a certificate of its own."""
    context = f"ssl.create_default_context(cafile={authority!r})" if authority else "None"
    return kube.execute(load.POD, "python3", "-c", f"import ssl, urllib.request; print(urllib.request.urlopen({url!r}, "
                        f"timeout=10, context={context}).read().decode())")


def plugin(kube, *arguments, check=True):
    if not PBFS.exists():
        raise Failure(f"there is no {PBFS}: build pbfs")
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "kubectl-pbfs"
        program.symlink_to(PBFS)
        return run([str(program), *arguments, "--namespace", kube.space], check=check)


@scenario
def alerts_and_dashboards_come_where_somebody_reads_them(kube, _world):
    kube.apply(*[definition(kind, plural) for kind, plural in KINDS.items()])
    for kind, plural in KINDS.items():
        kube.wait(f"a {kind}", lambda plural=plural: kube.get(f"{plural}.{GROUP}", CLUSTER), 180)
    rules = kube.get(f"prometheusrules.{GROUP}", CLUSTER)["spec"]["groups"]
    expect(all(f'namespace="{kube.space}"' in rule["expr"] for group in rules for rule in group["rules"]),
           "an alert is about other clusters as well")
    kube.apply(cluster_object(monitoring={"grafanaDashboards": "Enabled"}))
    for board in BOARDS:
        kube.wait(f"the dashboard {board}", lambda board=board: kube.get("configmap", board))
    kube.apply(cluster_object())
    for board in BOARDS:
        kube.wait(f"the dashboard {board} is gone", lambda board=board: kube.get("configmap", board) is None)
    for plural in KINDS.values():
        kube.delete("customresourcedefinition", f"{plural}.{GROUP}", wait=True)
    ready(kube)


@scenario
def the_operator_shows_how_its_clusters_are(kube, _world):
    pods = Kube("pbfs-system").list("pods", "app.kubernetes.io/name=pbfs-operator")
    shown = "\n".join(page(kube, f"http://{pod['status']['podIP']}:9090/metrics") for pod in pods)
    expect(len(re.findall(r'^pbfs_operator\{what="leads"\} 1$', shown, re.M)) == 1, "not one operator leads, but more or none")
    wanted = {"namespace": kube.space, "pbfs_dev_cluster": CLUSTER, "reason": "AllHealthy", "type": "Ready"}
    found = [line for line in shown.split("\n") if line.startswith("pbfs_cluster_condition") and line.endswith(" 1") and
             all(f'{label}="{value}"' in line for label, value in wanted.items())]
    expect(len(found) == 1, "it does not show that the cluster is ready")


@scenario
def patroni_shows_its_metrics_to_any_pod(kube, _world):
    shown = ""
    for pod in kube.list("pods", "app.kubernetes.io/component=postgres"):
        name = pod["metadata"]["name"]
        host = f"{name}.{name.rsplit('-', 1)[0]}-hl.{kube.space}.svc"
        shown += page(kube, f"https://{host}:8008/metrics", "/ca/ca.crt")
    expect(len(re.findall(r"^patroni_primary\{.*\} 1$", shown, re.M)) == 1, "not one primary, but more or none")


@scenario
def people_see_and_pause_it_by_kubectl_pbfs(kube, _world):
    expect("AllHealthy" in plugin(kube, "status").stdout, "status does not say that all is well")
    expect("Available" in plugin(kube, "status", CLUSTER).stdout, "status of a cluster has no conditions")
    stores = plugin(kube, "stores", CLUSTER).stdout
    expect(stores.count("demo-fs-main-") == len(kube.list("pods", "app.kubernetes.io/component=fragment-store")), stores)
    plugin(kube, "pause", CLUSTER)
    kube.wait("it is paused", lambda: "Paused" in plugin(kube, "status", CLUSTER).stdout)
    plugin(kube, "resume", CLUSTER)
    kube.apply(cluster_object())
    ready(kube)
    report = plugin(kube, "report", CLUSTER).stdout
    secrets = [value for secret in kube.list("secrets") for value in secret.get("data", {}).values() if len(value) > 40]
    expect(not any(value in report for value in secrets), "a report has a secret in it")
    expect(plugin(kube, "status", "nobody", check=False).returncode == 3, "a cluster that is not there is one")
