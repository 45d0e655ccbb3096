#!/usr/bin/python3
"""Runs the examples of docs/operations/gateway.md against the gateway of the environment (tests/s3/README.md): what it says, works.

    tests/s3/examples_test.py        needs curl, aws, rclone, node and its module aws4

Takes the blocks of code in their order, puts the gateway's address and key where the document has its own, and compares the object
after each. Prints a line a block and "N passed, N failed". A block in a language that this does not know is a failure.
"""
import argparse
import os
import re
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
DOCUMENT = os.path.join(HERE, "../../docs/operations/gateway.md")
sys.path.insert(0, os.path.join(HERE, "clients"))
import common  # noqa: E402
import steps  # noqa: E402

LANGUAGES = {"sh", "python", "js"}
DEBIAN_MODULES = "/usr/share/nodejs"
BUCKET, KEY, ADDRESS = "demo", "NAME", "http://127.0.0.1:9000"  # as the document has them
FILE = common.random_bytes(5000, "file")
PATCH, MORE, NEW = common.random_bytes(100, "patch"), common.random_bytes(300, "more"), b"new bytes"


def patched(data, offset, patch):
    return data[:offset] + patch + data[offset + len(patch):]


def blocks():
    """(language, code, what the object holds afterwards) of each block that speaks to the gateway."""
    with open(DOCUMENT, encoding="utf-8") as file:
        found = re.findall(r"^```(\w+)\n(.*?)^```$", file.read(), re.S | re.M)
    content = FILE
    for language, code in found:
        if ADDRESS not in code and "$E" not in code:
            continue
        if "curl" in code:
            content = patched(content, 1000, PATCH) + MORE
        elif "new bytes" in code:
            content = patched(content, 1000, NEW)
        yield language, code, content


def run_block(language, code, site, work):
    name = os.path.join(work, "block")
    env = {**site.environment(), "E": site.host, "HOME": work}
    if language == "sh":
        code = "".join(line for line in code.splitlines(keepends=True) if not line.startswith("export AWS_"))
        common.run("bash", "-euo", "pipefail", "-c", code, env=env, cwd=work)
        return
    if ADDRESS not in code:
        raise common.Differs(f"no {ADDRESS} in the {language} block")
    code = code.replace(ADDRESS, site.url)
    if language == "python":
        common.run("/usr/bin/python3", common.write(name + ".py", code.encode()), env=env, cwd=work)
    elif language == "js":
        common.run("node", common.write(name + ".mjs", code.encode()), env=env, cwd=work)
    else:
        raise common.Differs(f"a block in {language}, which nobody runs")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.parse_args()
    site = common.sites()[0]
    for tool in ("aws", "rclone", "curl", "node"):
        if not shutil.which(tool):
            parser.exit(2, f"examples_test: no {tool}\n")
    steps.clear(site, BUCKET)
    passed, failed, ran = 0, 0, set()
    with tempfile.TemporaryDirectory() as work:
        for name, data in (("FILE", FILE), ("PATCH", PATCH), ("MORE", MORE)):
            common.write(os.path.join(work, name), data)
        os.symlink(DEBIAN_MODULES, os.path.join(work, "node_modules"))
        for number, (language, code, expected) in enumerate(blocks(), 1):
            ran.add(language)
            try:
                run_block(language, code, site, work)
                common.same(f"the object after block {number}", steps.stored(site, BUCKET, KEY), expected)
                print(f"ok {number} {language}: {code.splitlines()[0][:80]}", flush=True)
                passed += 1
            except (common.Differs, common.Missing) as wrong:
                print(f"FAILED {number} {language}: {wrong}", flush=True)
                failed += 1  # the next block begins with what this one should have left
                site.s3.put_object(Bucket=BUCKET, Key=KEY, Body=expected)
    steps.clear(site, BUCKET)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or ran != LANGUAGES else 0


if __name__ == "__main__":
    sys.exit(main())
