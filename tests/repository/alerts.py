#!/usr/bin/env python3
"""Holds alerts, metrics, runbooks and commands together.

    tests/repository/alerts.py         checks deploy/prometheus/alerts.yaml and docs/operations/runbooks against the sources

Every metric of an alert is one that the code makes, with labels that it sets; every alert has a runbook, PbfsStoreDown that of
store-down.md, and every runbook an alert; a runbook answers the same five questions; every `pbfs` command that it names exists, with its
options. Whether Prometheus takes the rules `promtool check rules` says; here their shape is checked. alerts_test.py holds a bad sample for
each finding. Needs python3-yaml, which Patroni needs too.
"""
import re
import sys
from typing import Callable, Iterator

import yaml

import rules

ALERTS = "deploy/prometheus/alerts.yaml"
TESTED = "deploy/prometheus/alerts_test.yaml"
RUNBOOKS = "docs/operations/runbooks/"
HEADINGS = ["What it means", "What users feel", "How to look", "What to do", "When it is over"]
SEVERITIES = ("warning", "critical")
WIDTH = 130

INCLUDES = re.compile(r'^#include "([\w/]+)\.h"', re.M)
PROCESS = re.compile(r'Family\("(process_\w+)"')
GAUGES = re.compile(r'(?:Gauges>?|\b\w+_)\(\s*metrics\s*,\s*"(pbfs_\w+)"\s*,\s*"')
CALLS = re.compile(r'(?:CallMetrics\w*|calls_)[({]\s*&?\w+(?:\.\w+)?\s*,\s*"(\w+)"|metrics_\(\s*(?:options\.)?metrics\s*,\s*"(\w+)"\s*,\s*kMethods')
SELECTOR = re.compile(r"\b((?:pbfs|process|patroni|kubelet)_\w+)(?:\{([^}]*)\})?")
GROUPING = re.compile(r"\b(?:by|on|ignoring|without|group_left|group_right)\s*\(([^)]*)\)")
CLUSTER_LABEL = "pbfs_dev_cluster"  # what monitors make of pbfs.dev/cluster: a label that looks like a metric
# What others make. Whether it is shown is to be seen where they run: exported.py asks Patroni.
OF_OTHERS = ("patroni_", "kubelet_volume_stats_")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
# The operator reads the alerts in this form (services/operator/query_scope.cc).
FORM = re.compile(r'( *#.*|groups:|  - name: \S+|    rules:|      - alert: \w+|        (expr: [^"\'|>].*|for: \w+|labels: \{severity: \w+\}|annotations:)'
                  r'|          (summary: ".*"|runbook: \S+)|)')
COMMAND = re.compile(r"(?:^|`)(pbfs(?:-\w+(?:-\w+)?)? [a-z][^`\n]*)", re.M)


def metrics_of(files: set, read: Callable) -> dict:
    """Names of the metrics that the code makes, and the texts of the folders that make them, with the sources of what they include."""
    found, folders = {}, {}
    for file in sorted(files):
        if file.endswith(".cc") and not file.endswith("_test.cc"):
            folder, text = file.rsplit("/", 1)[0], read(file)
            used = [source for header in INCLUDES.findall(text) if (source := header + ".cc") in files and source != file]
            folders[folder] = folders.get(folder, "") + text + "".join(read(source) for source in used)
    for file in sorted(files):
        if not file.endswith(".cc") or file.endswith("_test.cc"):
            continue
        text = read(file)
        folder = folders[file.rsplit("/", 1)[0]]
        for match in CALLS.finditer(text):
            base = match[1] or match[2]
            for name in ("_calls_total", "_call_seconds_bucket", "_call_seconds_sum", "_call_seconds_count", "_calls_active"):
                found[base + name] = folder
        for match in [*GAUGES.finditer(text), *PROCESS.finditer(text)]:
            found[match[1]] = folder
    return found


def commands_of(files: set, read: Callable) -> dict:
    """Commands of the command line, as "cluster gc", and the texts of the files that make them."""
    found = {}
    for file in sorted(files):
        if not re.match(r"tools/pbfs/commands/\w+\.cc$", file):
            continue
        text = read(file)
        for match in re.finditer(r'(?:\.Add\(|AddOfStore\(\s*line,\s*cluster,)\s*"([a-z]+)"', text):
            call = text[match.start():match.start() + 400].split(";")[0]
            parent = re.search(r",\s*(cluster|bucket|local)\)*\s*(?:,|$|\))", call)
            prefix = "cluster " if "AddOfStore" in match[0] else f"{parent[1]} " if parent else ""
            found[prefix + match[1]] = text
    return found


def check_tested(document: str, table: dict) -> list:
    """What the table of alerts_fire.py lacks, or has too much of."""
    names = [rule.get("alert", "") for rule in alerts_of(document)]
    findings = [f"{name}: {TESTED} has no series by which it {word}" for name in names for word in ("fires", "is quiet")
                if not set(table.get(name, {}).get(word.split()[-1]) or {}) - {"at"}]
    return findings + [f"{name}: {TESTED} tests an alert that is not there" for name in table if name not in names]


def check_form(document: str) -> list:
    return [f"{ALERTS}:{number}: not in the form that the operator reads" for number, line in enumerate(document.split("\n"), 1)
            if not FORM.fullmatch(line)]


def alerts_of(document: str) -> list:
    return [rule for group in yaml.safe_load(document)["groups"] for rule in group["rules"]]


def runbook_of(alert: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"-\1", alert.removeprefix("Pbfs")).lower() + ".md"


def selectors_of(expression: str) -> list:
    """(metric, matchers) of all that it selects."""
    return [found for found in SELECTOR.findall(GROUPING.sub("", expression)) if found[0] != CLUSTER_LABEL]


def check_expression(alert: str, expression: str, metrics: dict) -> Iterator[str]:
    selectors = selectors_of(expression)
    if not selectors:
        yield f"{alert}: looks at no metric"
    for name, labels in selectors:
        if name.startswith(OF_OTHERS):
            continue
        if name not in metrics:
            yield f"{alert}: there is no metric {name}"
            continue
        for label, operator, value in MATCHER.findall(labels):
            values = value.split("|") if operator in ("=", "=~") else []
            for one in values:
                if re.fullmatch(r"[a-z]\w*", one) and f'"{one}"' not in metrics[name]:
                    yield f'{alert}: nobody sets {name}{{{label}="{one}"}}'


def check_alert(rule: dict, metrics: dict) -> Iterator[str]:
    alert = rule.get("alert", "")
    if not re.fullmatch(r"Pbfs([A-Z][a-z]+)+", alert):
        yield f"{alert}: an alert is called PbfsSomething"
    if rule.get("labels", {}).get("severity") not in SEVERITIES:
        yield f"{alert}: its severity is one of {', '.join(SEVERITIES)}"
    annotations = rule.get("annotations", {})
    if not annotations.get("summary"):
        yield f"{alert}: has no summary"
    if annotations.get("runbook") != RUNBOOKS + runbook_of(alert):
        yield f"{alert}: its runbook is {RUNBOOKS}{runbook_of(alert)}"
    yield from check_expression(alert, rule.get("expr", ""), metrics)


def check_command(where: str, text: str, commands: dict) -> Iterator[str]:
    program, *words = text.split()
    if program == "pbfs-catalog":
        if words[0] not in ("serve", "migrate", "thaw"):
            yield f"{where}: there is no command `{program} {words[0]}`"
        return
    if program != "pbfs":
        return
    name = next((known for known in (" ".join(words[:2]), words[0]) if known in commands), None)
    if name is None or (name == words[0] and any(known.startswith(name + " ") for known in commands)):
        yield f"{where}: there is no command `pbfs {' '.join(words[:2])}`"
        return
    for option in re.findall(r"(?<!\S)--[a-z-]+", text):
        if f'"{option}' not in commands[name]:
            yield f"{where}: `pbfs {name}` has no option {option}"


def check_runbook(file: str, text: str, commands: dict, files: set) -> Iterator[str]:
    headings = re.findall(r"^## (.*)$", text, re.M)
    if headings != HEADINGS:
        yield f"{file}: its headings are {', '.join(HEADINGS)}"
    if re.search(r"^## .*\n\s*(?=## |\Z)", text, re.M):
        yield f"{file}: a heading has nothing under it"
    for command in COMMAND.findall(text):
        yield from check_command(file, command, commands)
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        folder = (RUNBOOKS + link).split("/")
        while ".." in folder:
            folder[folder.index("..") - 1:folder.index("..") + 1] = []
        if "/".join(folder) not in files:
            yield f"{file}: links to {link}, which is not there"
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > WIDTH:
            yield f"{file}:{number}: longer than {WIDTH} characters"


def check(document: str, runbooks: dict, metrics: dict, commands: dict, files: set) -> list:
    """`runbooks`: text by file name. Findings."""
    alerts = alerts_of(document)
    findings = []
    names = [rule.get("alert", "") for rule in alerts]
    findings += [f"{name} is there more than once" for name in sorted({n for n in names if names.count(n) > 1})]
    for rule in alerts:
        findings += check_alert(rule, metrics)
    wanted = {runbook_of(name): name for name in names}
    findings += [f"{name} has no runbook {file}" for file, name in wanted.items() if file not in runbooks]
    for file, text in sorted(runbooks.items()):
        if file not in wanted:
            findings.append(f"{file} is the runbook of no alert")
        elif not text.startswith(f"# {wanted[file]}\n"):
            findings.append(f"{file}: its title is {wanted[file]}")
        findings += check_runbook(file, text, commands, files)
    return findings


def main() -> int:
    files = rules.tracked_files()
    runbooks = {file.removeprefix(RUNBOOKS): rules.read_tracked(file) for file in files if file.startswith(RUNBOOKS)}
    findings = check(rules.read_tracked(ALERTS), runbooks, metrics_of(files, rules.read_tracked),
                     commands_of(files, rules.read_tracked), files)
    findings += check_form(rules.read_tracked(ALERTS))
    findings += check_tested(rules.read_tracked(ALERTS), yaml.safe_load(rules.read_tracked(TESTED)))
    for finding in findings:
        print(f"alerts: {finding}", file=sys.stderr)
    print(f"alerts: {len(alerts_of(rules.read_tracked(ALERTS)))} alerts, {len(runbooks)} runbooks; {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
