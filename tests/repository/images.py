#!/usr/bin/env python3
"""Holds the container images and the programs together.

    tests/repository/images.py     checks Dockerfiles/ against the rules below and CMakeLists.txt

Every program of the target pbfs_programs is in an image; every image stands on Debian's or on our base, runs as the user 10001, says what
it is and how its health is seen, keeps nothing of the package manager, and names no image by a tag that moves. images_test.py holds a bad
sample for each finding. Standard library only.
"""
import re
import sys
from typing import Iterator

import rules

FOLDER = "Dockerfiles/"
SUFFIX = ".Dockerfile"
DEBIAN = "debian:bookworm-slim"
BASE = "${BASE}"
USER = "10001:10001"
LABELS = ("title", "version", "revision", "licenses")
PROGRAMS = re.compile(r"add_custom_target\(pbfs_programs DEPENDS ([^)]*)\)")
CLEANED = ("/var/lib/apt/lists/", "/var/cache/apt/")


def instructions_of(text: str) -> list:
    """(keyword, rest) of each instruction, with its lines joined."""
    lines = [line for line in text.split("\n") if line.strip() and not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [tuple(line.split(None, 1)) if " " in line else (line, "") for line in joined.split("\n") if line]


def values(instructions: list, keyword: str) -> list:
    return [rest for word, rest in instructions if word == keyword]


def check_from(name: str, instructions: list) -> Iterator[str]:
    wanted = DEBIAN if name == "base" else BASE
    if values(instructions, "FROM") != [wanted]:
        yield f"stands on {values(instructions, 'FROM')}; instead: FROM {wanted}"
    if any(":latest" in rest for _, rest in instructions):
        yield "names the tag latest, which moves; instead: a version"


def check_user(instructions: list) -> Iterator[str]:
    if (values(instructions, "USER") or [""])[-1] != USER:
        yield f"does not end as a user without rights; instead: USER {USER}"


def check_labels(name: str, instructions: list) -> Iterator[str]:
    labels = " ".join(values(instructions, "LABEL"))
    for label in LABELS:
        if f"org.opencontainers.image.{label}=" not in labels:
            yield f"has no label org.opencontainers.image.{label}; instead: as in base{SUFFIX}"
    if f'image.title="pbfs-{name}"' not in labels:
        yield f'has another title; instead: pbfs-{name}'


def check_health(instructions: list) -> Iterator[str]:
    serves = bool(values(instructions, "ENTRYPOINT"))
    checks = values(instructions, "HEALTHCHECK")
    if len(checks) != 1:
        yield "must have one HEALTHCHECK; instead: of a page that the program serves, or NONE"
    elif serves == (checks[0] == "NONE"):
        yield "has an ENTRYPOINT exactly if something serves, and then a HEALTHCHECK; instead: both, or neither"


def check_packages(instructions: list) -> Iterator[str]:
    for command in values(instructions, "RUN"):
        if "apt-get install" not in command:
            continue
        if "--no-install-recommends" not in command:
            yield "installs what is only recommended; instead: --no-install-recommends"
        if not all(folder in command for folder in CLEANED):
            yield f"keeps what apt loaded; instead: rm -rf {' '.join(CLEANED)} in the same RUN"
        if "/usr/share/doc/pbfs/packages.txt" not in command:
            yield "does not list its packages; instead: dpkg-query -W into /usr/share/doc/pbfs/packages.txt"
        if re.search(r"\s\S+-dev\s", command):
            yield "installs what is for building; instead: packages of libraries, without -dev"


def check_image(name: str, text: str) -> Iterator[str]:
    instructions = instructions_of(text)
    yield from check_from(name, instructions)
    yield from check_user(instructions)
    yield from check_labels(name, instructions)
    yield from check_health(instructions)
    yield from check_packages(instructions)


def check(images: dict, cmake: str) -> list:
    """Findings about images {name: Dockerfile}."""
    found = [f"{FOLDER}{name}{SUFFIX}: {finding}" for name, text in sorted(images.items()) for finding in check_image(name, text)]
    copied = {program for text in images.values() for program in re.findall(r"^COPY bin/(\S+) ", text, re.M)}
    programs = PROGRAMS.search(cmake)
    if programs is None:
        return found + ["CMakeLists.txt: has no target pbfs_programs any more; instead: tell images.py where the programs are named"]
    return found + [f"CMakeLists.txt: {program} is in no image; instead: add {FOLDER}{program.removeprefix('pbfs-')}{SUFFIX}"
                    for program in programs.group(1).split() if program not in copied]


def main() -> int:
    files = rules.tracked_files()
    read = rules.read_tracked
    images = {file.removeprefix(FOLDER).removesuffix(SUFFIX): read(file) for file in files if file.startswith(FOLDER) and file.endswith(SUFFIX)}
    findings = check(images, read("CMakeLists.txt"))
    for finding in findings:
        print(f"images: {finding}", file=sys.stderr)
    print(f"images: {len(images)} images, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
