"""Objects that people delete or edit."""
import json

from scene import await_reason, CLUSTER, expect, ready, replaced, scenario, uid


@scenario
def objects_deleted_by_hand_come_back(kube, _world):
    config = kube.get("statefulset", "demo-gateway")["spec"]["template"]["spec"]["volumes"][0]["configMap"]["name"]
    for kind, name in (("service", "demo-fs-main"), ("configmap", config), ("configmap", "demo-rollout"), ("serviceaccount", "demo-gc"),
                       ("role", "demo-coordination"), ("statefulset", "demo-repairer"), ("secret", "demo-catalog-tls")):
        old = uid(kube, kind, name)
        kube.delete(kind, name, wait=True)
        replaced(kube, kind, name, old)
    ready(kube)


@scenario
def objects_edited_by_hand_are_put_back(kube, _world):
    kube.patch("statefulset", "demo-gateway", {"spec": {"replicas": 1}})
    kube.patch("service", "demo-fs-main", {"spec": {"ports": [{"name": "store", "port": 9999, "targetPort": "store"}]}})
    kube.kubectl("patch", "service", "demo-gateway", "--type=json", "-p",
                 '[{"op": "replace", "path": "/spec/ports/0/targetPort", "value": 1}]')
    kube.wait("two gateways again", lambda: kube.get("statefulset", "demo-gateway")["spec"]["replicas"] == 2)
    kube.wait("the stores' port again",
              lambda: kube.get("service", "demo-fs-main")["spec"]["ports"][0]["port"] == 9100)
    kube.wait("the gateways' port again", lambda: kube.get("service", "demo-gateway")["spec"]["ports"][0]["targetPort"] == "s3")
    ready(kube)


@scenario
def stores_scaled_down_by_hand_are_put_back(kube, _world):
    wanted = kube.get("statefulset", "demo-fs-main")["spec"]["replicas"]
    kube.kubectl("scale", "statefulset", "demo-fs-main", f"--replicas={wanted - 1}")
    kube.wait("all stores again", lambda: kube.get("statefulset", "demo-fs-main")["spec"]["replicas"] == wanted)
    ready(kube)


@scenario
def keys_that_are_gone_are_not_made_again(kube, _world):
    kept = kube.get("secret", "demo-keyring")
    for field in ("resourceVersion", "uid", "creationTimestamp", "managedFields"):
        kept["metadata"].pop(field, None)
    kube.delete("secret", "demo-keyring")
    await_reason(kube, "pbfscluster", CLUSTER, "SecretLost")
    expect(kube.get("secret", "demo-keyring") is None, "a keyring was made again")
    kube.kubectl("create", "-f", "-", stdin=json.dumps(kept))
    ready(kube)


@scenario
def a_certificate_is_issued_anew(kube, _world):
    before = kube.get("secret", "demo-fs-tls")["data"]["tls.crt"]
    kube.delete("secret", "demo-fs-tls")
    kube.wait("another certificate", lambda: kube.get("secret", "demo-fs-tls")["data"]["tls.crt"] != before)
    ready(kube)
