#!/usr/bin/env python3
"""Holds what is asked of Prometheus and what running services show together.

    tests/repository/exported.py [--wait SECONDS] URL...     pages of metrics of all services of a site

Every metric of deploy/prometheus and deploy/grafana is on one of the pages, with the labels that are asked for. Some numbers are there
only after a first pass of a service: it looks again until all are there, or the time is over. The test pbfs_metrics_test runs it on a
cluster; dashboards_test.py holds a bad sample for each finding.
"""
import argparse
import json
import re
import sys
import time
import urllib.request
from typing import Iterator

import alerts
import dashboards
import rules

FROM_PROMETHEUS = {"instance", "job", "alertname", "alertstate"}  # labels that it adds
# Values that a site in good health never shows; the label is looked for all the same.
OF_TROUBLE = {("pbfs_bodies_degraded", "margin")}

SAMPLE = re.compile(r"^([a-z_]\w*)(?:\{(.*)\})? \S+$", re.M)
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
GROUPING = re.compile(r"\b(?:by|on|ignoring|without|group_left|group_right)\s*\(([^)]*)\)")


def series_of(page: str) -> dict:
    """The labels of each series, by the name of its metric."""
    found = {}
    for name, labels in SAMPLE.findall(page):
        pairs = {label: value.replace('\\"', '"').replace("\\\\", "\\") for label, value in LABEL.findall(labels)}
        found.setdefault(name, []).append(pairs)
    return found


def fits(name: str, labels: dict, matchers: list) -> bool:
    for label, operator, wanted in matchers:
        if label in FROM_PROMETHEUS:
            continue
        if label not in labels:
            return False
        if "$" in wanted or (name, label) in OF_TROUBLE:
            continue
        if operator == "=" and labels[label] != wanted or operator == "=~" and not re.fullmatch(wanted, labels[label]):
            return False
    return True


def check_expression(where: str, expression: str, series: dict) -> Iterator[str]:
    known = set(FROM_PROMETHEUS)
    for name, text in alerts.SELECTOR.findall(expression):
        matchers = alerts.MATCHER.findall(text)
        if not any(fits(name, labels, matchers) for labels in series.get(name, [])):
            yield f"{where}: nobody shows {name}" + (f"{{{text}}}" if text else "")
        known.update(label for labels in series.get(name, []) for label in labels)
    for labels in GROUPING.findall(expression):
        for label in filter(None, (label.strip() for label in labels.split(","))):
            if label not in known:
                yield f"{where}: none of its metrics has a label {label}"


def expressions(files: set) -> list:
    found = [(rule["alert"], rule["expr"]) for rule in alerts.alerts_of(rules.read_tracked(alerts.ALERTS))]
    for file in dashboards.boards(files):
        found += [(f"{file}: {where}", text) for where, text in dashboards.expressions_of(json.loads(rules.read_tracked(file)))]
    return found


def scrape(urls: list) -> dict:
    series = {}
    for url in urls:
        with urllib.request.urlopen(url, timeout=30) as answer:
            for name, labels in series_of(answer.read().decode()).items():
                series.setdefault(name, []).extend(labels)
    return series


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("urls", nargs="+", metavar="URL")
    parser.add_argument("--wait", type=float, default=0, metavar="SECONDS")
    options = parser.parse_args()
    asked = expressions(rules.tracked_files())
    end = time.monotonic() + options.wait
    while True:
        series = scrape(options.urls)
        findings = [finding for where, text in asked for finding in check_expression(where, text, series)]
        if not findings or time.monotonic() > end:
            break
        time.sleep(0.5)  # a poll, bounded by `end`
    for finding in findings:
        print(f"exported: {finding}", file=sys.stderr)
    print(f"exported: {len(asked)} expressions, {len(series)} metrics of {len(options.urls)} services; {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
