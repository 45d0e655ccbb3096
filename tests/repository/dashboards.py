#!/usr/bin/env python3
"""Holds dashboards and metrics together.

    tests/repository/dashboards.py     checks deploy/grafana against the sources

Every metric that a dashboard asks for is one that the code makes, with labels that it sets (as alerts.py has it for alerts); every panel
has a title, a unit, a place of its own and the data source that the reader chose. dashboards_test.py holds a bad sample for each finding.
exported.py asks the same of services that run.
"""
import json
import sys
from typing import Iterator

import alerts
import rules

FOLDER = "deploy/grafana/"
WIDTH = 24
SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def panels_of(board: dict) -> list:
    return [panel for panel in board.get("panels", []) if panel.get("type") != "row"]


def expressions_of(board: dict) -> list:
    """(where, expression) of all panels and variables; what the reader chooses stands for anything."""
    found = [(panel.get("title", ""), target.get("expr", "")) for panel in panels_of(board) for target in panel.get("targets", [])]
    found += [(variable.get("name", ""), variable["query"]["query"]) for variable in board.get("templating", {}).get("list", [])
              if variable.get("type") == "query"]
    return found


def check_places(board: dict) -> Iterator[str]:
    taken = {}
    for panel in board.get("panels", []):
        at = panel["gridPos"]
        if at["x"] + at["w"] > WIDTH:
            yield f"{panel.get('title')}: wider than the page"
        for cell in ((x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])):
            if cell in taken:
                yield f"{panel.get('title')}: covers {taken[cell]}"
                break
            taken[cell] = panel.get("title")


def check_panel(panel: dict) -> Iterator[str]:
    title = panel.get("title")
    if not title:
        yield f"panel {panel.get('id')}: has no title"
    if panel.get("datasource") != SOURCE or any(target.get("datasource") != SOURCE for target in panel.get("targets", [])):
        yield f"{title}: its data source is not the reader's choice"
    if not panel.get("fieldConfig", {}).get("defaults", {}).get("unit"):
        yield f"{title}: has no unit"
    if not panel.get("targets"):
        yield f"{title}: asks for nothing"


def check(text: str, metrics: dict) -> list:
    """Findings of one dashboard."""
    try:
        board = json.loads(text)
    except json.JSONDecodeError as error:
        return [f"no JSON: {error}"]
    findings = [f"has no {field}" for field in ("uid", "title", "description") if not board.get(field)]
    ids = [panel.get("id") for panel in board.get("panels", [])]
    findings += [f"panel {one} is there more than once" for one in sorted({one for one in ids if ids.count(one) > 1})]
    findings += check_places(board)
    for panel in panels_of(board):
        findings += check_panel(panel)
    for where, expression in expressions_of(board):
        findings += alerts.check_expression(where, expression, metrics)
    return findings


def boards(files: set) -> list:
    return sorted(file for file in files if file.startswith(FOLDER) and file.endswith(".json"))


def main() -> int:
    files = rules.tracked_files()
    metrics = alerts.metrics_of(files, rules.read_tracked)
    findings = [f"{file}: {finding}" for file in boards(files) for finding in check(rules.read_tracked(file), metrics)]
    if not boards(files):
        findings.append(f"there is none in {FOLDER}")
    for finding in findings:
        print(f"dashboards: {finding}", file=sys.stderr)
    print(f"dashboards: {len(boards(files))} dashboards; {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
