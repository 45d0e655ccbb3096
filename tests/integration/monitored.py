#!/usr/bin/env python3
"""A local cluster under a Prometheus: what dashboards and alerts ask for is there, and nothing that they ask errs.

    tests/integration/monitored.py --cluster DIR --operator PROGRAM [--wait SECONDS]

Starts Debian's Prometheus on a loopback port with the alerts of deploy/prometheus, and has it scrape every process of the cluster, Patroni
over TLS, and an operator, which runs on a Kubernetes that has nothing but leases and clusters in trouble. When every target is up it asks
every expression of every alert and dashboard. Some numbers are there only after a first pass of a service: it asks again until all are
there, or the time is over. With PBFS_S3_ENDPOINT and a key it writes and reads by S3 meanwhile. pbfs_metrics_test runs it.
"""
import argparse
import contextlib
import glob
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "../repository"), HERE]
import alerts  # noqa: E402
import exported  # noqa: E402
import kubernetes_in_trouble  # noqa: E402
import rules  # noqa: E402


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def read_json(path: str) -> dict:
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def write_json(path: str, value: dict) -> str:
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file)
    return path


@contextlib.contextmanager
def process(argv: list, log: str):
    """Runs until the block ends."""
    with open(log, "wb") as file:
        child = subprocess.Popen(argv, stdout=file, stderr=file)
    try:
        yield child
    finally:
        child.terminate()
        child.wait()


def targets_of(cluster: str) -> list:
    pages = [read_json(path).get("metrics", {}).get("address") for path in glob.glob(f"{cluster}/*.json")]
    return sorted(filter(None, pages))


def jobs_of(cluster: str, operator: str) -> list:
    jobs = [{"job_name": "pbfs", "static_configs": [{"targets": targets_of(cluster)}]},
            {"job_name": "operator", "honor_labels": True, "static_configs": [{"targets": [operator]}]}]
    members = [read_json(path)["restapi"] for path in glob.glob(f"{cluster}/*/patroni.json")]
    if members:
        tls = {"ca_file": members[0]["cafile"], "cert_file": members[0]["certfile"], "key_file": members[0]["keyfile"]}
        jobs.append({"job_name": "patroni", "scheme": "https", "tls_config": tls,
                     "static_configs": [{"targets": sorted(member["connect_address"] for member in members)}]})
    return jobs


class Prometheus:
    def __init__(self, port: int):
        self.url = f"http://127.0.0.1:{port}/api/v1/"

    def get(self, what: str, **parameters) -> object:
        """Errors: urllib's; the answer's own are in the text of its HTTPError."""
        with urllib.request.urlopen(self.url + what + "?" + urllib.parse.urlencode(parameters), timeout=30) as answer:
            return json.load(answer)["data"]

    def targets(self) -> list:
        return self.get("targets")["activeTargets"]

    def series(self) -> dict:
        found = {}
        for labels in self.get("series", **{"match[]": '{__name__=~".+"}'}):
            found.setdefault(labels.pop("__name__"), []).append(labels)
        return found

    def error_of(self, expression: str) -> str:
        try:
            self.get("query", query=expression)
        except urllib.error.HTTPError as error:
            return json.load(error)["error"]
        return ""


def as_asked(expression: str) -> str:
    """An expression of a dashboard, with all chosen that there is."""
    expression = re.sub(r"^label_values\((.*), \w+\)$", r"\1", expression)
    return re.sub(r'"\$\w+"', '".*"', expression.replace("$__rate_interval", "1m"))


def trouble_of(prometheus: Prometheus, asked: list) -> list:
    series = prometheus.series()
    found = [finding for where, text in asked for finding in exported.check_expression(where, text, series)]
    for target in prometheus.targets():
        if target["health"] != "up":
            found.append(f"{target['scrapeUrl']}: {target['health']} {target['lastError']}")
    return found


def errors_of(prometheus: Prometheus, asked: list) -> list:
    found = [f"{where}: {error}" for where, text in asked if (error := prometheus.error_of(as_asked(text)))]
    for group in prometheus.get("rules")["groups"]:
        found += [f"{rule['name']}: {rule['lastError']}" for rule in group["rules"] if rule.get("lastError")]
    return found


def use_s3(cluster: str) -> None:
    """A few requests, if somebody gave a key."""
    if "PBFS_S3_ENDPOINT" not in os.environ:
        return
    import boto3  # pylint: disable=import-outside-toplevel
    s3 = boto3.client("s3", endpoint_url=os.environ["PBFS_S3_ENDPOINT"], region_name="us-east-1",
                      aws_access_key_id=os.environ["PBFS_S3_ACCESS_KEY"], aws_secret_access_key=os.environ["PBFS_S3_SECRET_KEY"])
    s3.create_bucket(Bucket="monitored")
    for number in range(5):
        s3.put_object(Bucket="monitored", Key=f"object-{number}", Body=os.urandom(200_000))
        s3.get_object(Bucket="monitored", Key=f"object-{number}", Range="bytes=1000-1999")["Body"].read()
    s3.list_objects_v2(Bucket="monitored")


def await_all(prometheus: Prometheus, asked: list, wait: float) -> list:
    end = time.monotonic() + wait
    while True:
        try:
            found = trouble_of(prometheus, asked)
        except (urllib.error.URLError, ConnectionError) as error:
            found = [f"Prometheus does not answer: {error}"]
        if not found or time.monotonic() > end:
            return found
        time.sleep(0.5)  # a poll, bounded by `end`


def look(options: argparse.Namespace, folder: str) -> list:
    """Findings."""
    program = shutil.which("prometheus")
    if program is None:
        return ["there is no prometheus: scripts/install-packages test"]
    asked = exported.expressions(rules.tracked_files())
    operator, port = f"127.0.0.1:{free_port()}", free_port()
    config = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "2s"},
              "rule_files": [os.path.join(HERE, "../..", alerts.ALERTS)], "scrape_configs": jobs_of(options.cluster, operator)}
    with kubernetes_in_trouble.serve(f"{options.cluster}/tls", folder) as kubernetes, contextlib.ExitStack() as running:
        running.enter_context(process([options.operator, "--config", write_json(f"{folder}/operator.json", {
            "kubernetes": kubernetes, "directory": f"{folder}/operator", "metrics": {"address": operator},
            "images": {name: "x" for name in ("gateway", "catalog", "fragmentStore", "garbageCollector", "repairer", "postgres")}})],
                                      f"{folder}/operator.log"))
        running.enter_context(process([program, "--config.file", write_json(f"{folder}/prometheus.yaml", config), "--storage.tsdb.path",
                                       f"{folder}/data", "--web.listen-address", f"127.0.0.1:{port}", "--log.level", "warn"],
                                      f"{folder}/prometheus.log"))
        use_s3(options.cluster)
        prometheus = Prometheus(port)
        found = await_all(prometheus, asked, options.wait) or errors_of(prometheus, asked)
        if found:
            for log in ("operator", "prometheus"):
                with open(f"{folder}/{log}.log", encoding="utf-8", errors="replace") as file:
                    found.append(f"the end of {log}.log: {file.read()[-1500:]}")
        else:
            print(f"monitored: {len(asked)} expressions, {len(prometheus.series())} metrics of {len(prometheus.targets())} targets")
        return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cluster", required=True, metavar="DIR")
    parser.add_argument("--operator", required=True, metavar="PROGRAM")
    parser.add_argument("--wait", type=float, default=120, metavar="SECONDS")
    with tempfile.TemporaryDirectory() as folder:
        findings = look(parser.parse_args(), folder)
    for finding in findings:
        print(f"monitored: {finding}", file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
