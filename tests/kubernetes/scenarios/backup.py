"""Backups of the catalog, and a cluster that begins with one. Each cluster's go to another one: what is lost with it would be of no use."""
import time

import load
from kube import condition
from scene import await_reason, bucket_object, cluster_object, expect, key_object, ready, reason, s3, scenario

AWAY = "backups"  # a bucket of the cluster under test, and the key to it
SMALL = "small"
STORES = [{"name": "main", "replicas": 3, "storage": {"size": "1Gi"}}]


def place(kube):
    kube.apply(bucket_object(AWAY, deletionPolicy="Delete"),
               key_object(AWAY, grants=[{"bucketRef": {"name": AWAY}, "access": ["Read", "Write", "List", "Delete"]}]))
    await_reason(kube, "pbfsaccesskey", AWAY, "Ready")
    time.sleep(6)  # gateways remember for five seconds that there was no such key


def take_place_away(kube):
    kube.delete("pbfsaccesskey", AWAY, wait=True)
    kube.delete("pbfsbucket", AWAY, wait=True)


def to(prefix, **more):
    return {"s3": {"prefix": prefix, "credentialsSecretRef": {"name": AWAY}}} | more


def every_minute(prefix, **more):
    return to(prefix, schedule="* * * * *", **more)


def last_backup(kube, name):
    return kube.get("pbfscluster", name)["status"]["postgres"].get("lastBackupTime", "")


def await_backup_of_now(kube, name):
    """One that began after this call: of two more, the second one did."""
    for _ in range(2):
        before = last_backup(kube, name)
        kube.wait(f"a backup of {name}", lambda before=before: last_backup(kube, name) > before, 300)


def names(kube, prefix, ending):
    listed = s3(kube, "s3", "ls", "--recursive", f"s3://{AWAY}/{prefix}", secret=AWAY, check=False)
    return sorted(line.split()[-1] for line in listed.splitlines() if line.endswith(ending))


def small_cluster(**managed):
    managed = {"instances": 1, "synchronousStandbys": 0, "storage": {"size": "1Gi"}} | managed
    return cluster_object(SMALL, redundancy={"dataShards": 1, "parityShards": 2}, fragmentStore={"pools": STORES}, gateway={"replicas": 1},
                          catalog={"replicas": 1}, postgres={"type": "Managed", "managed": managed})


def small_dependent(made):
    made["spec"] |= {"clusterRef": {"name": SMALL}, "deletionPolicy": "Retain"}
    return made


def small_s3(kube, *arguments, check=True):
    return s3(kube, *arguments, secret="small-key", check=check)


def sha256(kube, file):
    return kube.execute(load.POD, "sha256sum", file).split()[0]


def put(kube, name, size):
    """An object of random bytes; their SHA-256."""
    kube.execute(load.POD, "sh", "-c", f"head -c {size} /dev/urandom >/tmp/small-object")
    small_s3(kube, "s3", "cp", "--no-progress", "/tmp/small-object", f"s3://small-photos/{name}")
    return sha256(kube, "/tmp/small-object")


def get(kube, name):
    small_s3(kube, "s3", "cp", "--no-progress", f"s3://small-photos/{name}", "/tmp/small-object")
    return sha256(kube, "/tmp/small-object")


@scenario
def backups_are_made_as_the_schedule_says(kube, _world):
    place(kube)
    kube.apply(cluster_object(postgres={"managed": {"backup": every_minute("demo/", keep=1)}}))
    await_reason(kube, "pbfscluster", "demo", "Current", "BackupCurrent", 300)
    first = names(kube, "demo/", ".json")
    expect(len(first) == 1, f"one backup is there: {first}")
    kube.wait("the next one took its place", lambda: len(names(kube, "demo/", ".json")) == 1 and names(kube, "demo/", ".json") > first, 300)
    kube.apply(cluster_object(postgres={"managed": {"backup": every_minute("demo/", keep=1) | {"s3": {
        "bucket": "nowhere", "credentialsSecretRef": {"name": AWAY}}}}}))
    kube.wait("it says that there are none any more",
              lambda: reason(kube, "pbfscluster", "demo", "BackupCurrent") in ("BackupFailed", "BackupStale"), 400)
    expect(len(names(kube, "demo/", ".json")) == 1, "what was there stays")
    kube.apply(cluster_object())
    kube.wait("no more backups", lambda: kube.get("cronjob", "demo-pg-0-backup") is None)
    ready(kube)
    take_place_away(kube)


@scenario
def a_cluster_whose_database_is_lost_begins_with_a_backup(kube, _world):
    place(kube)
    kube.apply(small_cluster(backup=every_minute("small/")),
               small_dependent(bucket_object("small-photos")),
               small_dependent(key_object("small-key", grants=[
                   {"bucketRef": {"name": "small-photos"}, "access": ["Read", "Write", "List", "Delete"]}])))
    ready(kube, 400, SMALL)
    await_reason(kube, "pbfsaccesskey", "small-key", "Ready")
    time.sleep(6)
    wanted = {name: put(kube, name, size) for name, size in (("large", 9_000_000), ("middle", 300_000), ("tiny", 10))}
    await_backup_of_now(kube, SMALL)
    kube.apply(small_cluster(backup=every_minute("small/", suspended=True)))
    put(kube, "late", 100_000)
    lose_database(kube)
    kube.apply(small_cluster(restore=to("small/", backup="latest")))
    await_reason(kube, "pbfscluster", SMALL, "Restored", "CatalogRestored", 400)
    ready(kube, 400, SMALL)
    for name, digest in wanted.items():
        kube.wait(f"{name} is what it was", lambda name=name, digest=digest: get(kube, name) == digest, 60)
    expect("late" not in small_s3(kube, "s3", "ls", "s3://small-photos/"), "it knows what came after the backup")
    put(kube, "new", 100_000)
    kube.execute("small-catalog-0-0", "pbfs-catalog", "thaw", "--config", "/etc/pbfs/config/config.json")
    expect(condition(kube.get("pbfscluster", SMALL), "Ready")[0] == "True", "the cluster is not well")
    remove_small(kube)
    take_place_away(kube)


def lose_database(kube):
    """As a person finds it: everything of the cluster but the volume of its PostgreSQL."""
    kube.delete("pbfscluster", SMALL)
    kube.wait("the cluster is gone", lambda: kube.get("pbfscluster", SMALL) is None, 400)
    kube.delete("pvc", "data-small-pg-0-0")
    for name in ("small-pg-0", "small-pg-0-config", "small-pg-0-sync"):
        kube.delete("service", name)
        kube.delete("endpoints", name)
    kube.wait("the volume is gone", lambda: kube.get("pvc", "data-small-pg-0-0") is None)


def remove_small(kube):
    kube.delete("pbfsaccesskey", "small-key")
    kube.delete("pbfsbucket", "small-photos")
    kube.patch("pbfscluster", SMALL, {"spec": {"deletionPolicy": "Delete"}})
    kube.delete("pbfscluster", SMALL)
    kube.wait("the cluster is gone", lambda: kube.get("pbfscluster", SMALL) is None, 400)
