"""What people get wrong. Each has to say so where they look, and what they mend has to work."""
from kube import condition
from scene import (BUCKET, CLUSTER, await_reason, bucket_object, cluster_object, expect, key_object, ready, scenario,
                   small_cluster, spaced)

OTHER = "pbfs-other"  # a namespace that each of these makes anew


def says(kube, *words, name=CLUSTER, seconds=120):
    """Its Ready condition names all of `words`."""
    def look():
        _, reason, message = condition(kube.get("pbfscluster", name), "Ready")
        return all(word in f"{reason} {message}" for word in words)
    kube.wait(f"the cluster {name} says {' and '.join(words)}", look, seconds)


@scenario
def a_storage_class_that_does_not_exist_is_named(_kube, _world):
    with spaced(OTHER) as other:
        other.apply(small_cluster(storage_class="nothing"))
        says(other, "nothing", name="small")


@scenario
def a_quota_that_is_too_small_is_named(_kube, _world):
    with spaced(OTHER) as other:
        other.apply({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "tight"}, "spec": {"hard": {"pods": "2"}}},
                    small_cluster())
        says(other, "quota", name="small")
        other.delete("resourcequota", "tight")
        ready(other, 300, "small")


@scenario
def a_database_that_is_not_there_is_named(_kube, world):
    with spaced(OTHER) as other:
        external = {"type": "External", "external": {"dsnSecretRef": {"name": "dsn", "key": "uri"}, "requireTLS": False}}
        other.apply(small_cluster(postgres=external))
        says(other, "dsn", name="small")
        other.apply(dsn_secret("nowhere"))
        says(other, "small-migrate", name="small")
        other.apply(*database(world), dsn_secret("database"))
        ready(other, 300, "small")
        seen = other.kubectl("get", "pbfscluster,events,pods,statefulsets,jobs", "-o", "json").stdout
        expect(PASSWORD not in seen, "a password is in an object that is no Secret")


PASSWORD = "not-to-be-seen"


def dsn_secret(host):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "dsn"},
            "stringData": {"uri": f"postgresql://pbfs:{PASSWORD}@{host}:5432/postgres?sslmode=disable"}}


def database(world):
    """A PostgreSQL of somebody's own."""
    begin = ("set -e; bin=/usr/lib/postgresql/15/bin; $bin/initdb -D /tmp/data -U pbfs -A scram-sha-256 --pwfile=/password/word >/dev/null; "
             "echo 'host all all all scram-sha-256' >>/tmp/data/pg_hba.conf; "
             "exec $bin/postgres -D /tmp/data -c listen_addresses='*' -c unix_socket_directories=/tmp")
    return [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "word"}, "stringData": {"word": PASSWORD}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "database"},
         "spec": {"selector": {"app": "database"}, "ports": [{"port": 5432}]}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "database", "labels": {"app": "database"}},
         "spec": {"terminationGracePeriodSeconds": 1, "securityContext": {"runAsUser": 10001, "fsGroup": 10001},
                  "containers": [{"name": "postgres", "image": f"localhost/pbfs-postgres:{world.tag}", "command": ["bash", "-c", begin],
                                  "volumeMounts": [{"name": "word", "mountPath": "/password"}]}],
                  "volumes": [{"name": "word", "secret": {"secretName": "word"}}]}}]


@scenario
def two_clusters_live_in_one_namespace(kube, _world):
    kube.apply(small_cluster(stores=3))
    ready(kube, 300, "small")
    kube.apply(bucket_object("cellar", clusterRef={"name": "small"}, bucketName=BUCKET, deletionPolicy="Delete"))
    await_reason(kube, "pbfsbucket", "cellar", "Ready")  # of the same name as one of the other cluster
    expect(condition(kube.get("pbfscluster", CLUSTER), "Ready")[0] == "True", "the first cluster is not well")
    kube.delete("pbfscluster", "small")
    await_reason(kube, "pbfscluster", "small", "DeletionBlocked", "DeletionBlocked")
    kube.delete("pbfsbucket", "cellar", wait=True)
    kube.wait("the second cluster is gone", lambda: kube.get("pbfscluster", "small") is None)
    kube.wait("its pods are gone", lambda: not kube.list("pods", "pbfs.dev/cluster=small"))
    kube.kubectl("delete", "secret,pvc,service,statefulset", "-l", "pbfs.dev/cluster=small")
    ready(kube)


@scenario
def an_object_of_somebody_else_is_not_taken(_kube, _world):
    with spaced(OTHER) as other:
        other.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "small-gateway"},
                     "spec": {"selector": {"app": "theirs"}, "ports": [{"port": 80}]}}, small_cluster())
        says(other, "small-gateway", name="small")
        expect(other.get("service", "small-gateway")["spec"]["selector"] == {"app": "theirs"}, "another's Service was changed")
        other.delete("service", "small-gateway")
        ready(other, 300, "small")


@scenario
def another_namespace_may_only_by_leave(kube, _world):
    with spaced(OTHER) as other:
        other.apply(key_object("guest", clusterRef={"name": CLUSTER, "namespace": kube.space}))
        await_reason(other, "pbfsaccesskey", "guest", "NamespaceNotAllowed", "ClusterReachable")
        kube.apply(cluster_object(tenancy={"allowedNamespaces": "All"}))
        await_reason(other, "pbfsaccesskey", "guest", "Ready")
        kube.apply(cluster_object())
        await_reason(other, "pbfsaccesskey", "guest", "NamespaceNotAllowed", "ClusterReachable")
        expect(other.get("secret", "guest"), "its Secret was deleted when leave was withdrawn")
        other.delete("pbfsaccesskey", "guest", wait=True)
    ready(kube)


@scenario
def objects_newer_than_the_operator_are_left_alone(kube, _world):
    kept = kube.get("pbfscluster", CLUSTER)["status"]["catalog"]["schemaVersion"]
    jobs = len(kube.list("jobs"))
    kube.patch("pbfscluster", CLUSTER, {"status": {"catalog": {"schemaVersion": kept + 1000}}}, subresource="status")
    kube.wait("it says so", lambda: "newer" in condition(kube.get("pbfscluster", CLUSTER), "UpgradeBlocked")[2])
    expect(len(kube.list("jobs")) == jobs, "a migration was tried on a newer schema")
    kube.patch("pbfscluster", CLUSTER, {"status": {"catalog": {"schemaVersion": kept}}}, subresource="status")
    ready(kube)
