"""Holds what is asked of Prometheus and what is shown to it together.

Every metric of deploy/prometheus and deploy/grafana is shown, with the labels that are asked for. tests/integration/monitored.py asks this
of a running site; dashboards_test.py holds a bad sample for each finding.
"""
import json
import re
from typing import Iterator

import alerts
import dashboards
import rules

# Labels that Prometheus adds; in Kubernetes its monitors add the namespace.
FROM_PROMETHEUS = {"instance", "job", "alertname", "alertstate", "namespace"}
# Of the kubelet, and a site that runs elsewhere has none.
OF_KUBERNETES = "kubelet_volume_stats_"
# Values that a site in good health never shows; the label is looked for all the same.
OF_TROUBLE = {("pbfs_bodies_degraded", "margin")}


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
    for name, text in alerts.selectors_of(expression):
        if name.startswith(OF_KUBERNETES):
            known.add("persistentvolumeclaim")
            continue
        matchers = alerts.MATCHER.findall(text)
        if not any(fits(name, labels, matchers) for labels in series.get(name, [])):
            yield f"{where}: nobody shows {name}" + (f"{{{text}}}" if text else "")
        known.update(label for labels in series.get(name, []) for label in labels)
    for labels in alerts.GROUPING.findall(expression):
        for label in filter(None, (label.strip() for label in labels.split(","))):
            if label not in known:
                yield f"{where}: none of its metrics has a label {label}"


def expressions(files: set) -> list:
    found = [(rule["alert"], rule["expr"]) for rule in alerts.alerts_of(rules.read_tracked(alerts.ALERTS))]
    for file in dashboards.boards(files):
        found += [(f"{file}: {where}", text) for where, text in dashboards.expressions_of(json.loads(rules.read_tracked(file)))]
    return found
