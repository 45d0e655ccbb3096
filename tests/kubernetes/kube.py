"""kubectl, as far as the scenarios need it: objects in and out as JSON, and waiting for what is to become of them."""
import json
import shlex
import subprocess
import time

POLL_S = 0.5


class Failure(Exception):
    """A scenario that did not end as it should: what was expected, and what there is."""


def run(argv, *, stdin=None, check=True, timeout=120):
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=timeout, check=False)
    if check and done.returncode != 0:
        raise Failure(f"{shlex.join(argv)[:300]}: {done.stderr.strip()[-1500:] or done.stdout.strip()[-1500:]}")
    return done


class Kube:
    """A cluster, by kubectl of PATH and its own configuration; one namespace of it."""

    def __init__(self, space):
        self.space = space

    def kubectl(self, *arguments, **options):
        return run(["kubectl", "-n", self.space, *arguments], **options)

    def apply(self, *objects):
        """As a user does."""
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
        return self.kubectl("apply", "--server-side", "--force-conflicts", "--field-manager", "user", "-f", "-", stdin=text)

    def refuse(self, *objects):
        """The words with which the API server refuses them."""
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
        done = self.kubectl("apply", "--server-side", "--force-conflicts", "--field-manager", "user", "-f", "-", stdin=text,
                            check=False)
        if done.returncode == 0:
            raise Failure("accepted, though it must be refused")
        return done.stderr

    def get(self, kind, name):
        """None if there is none."""
        done = self.kubectl("get", kind, name, "-o", "json", check=False)
        if done.returncode != 0:
            if "NotFound" in done.stderr or "not found" in done.stderr:
                return None
            raise Failure(done.stderr.strip())
        return json.loads(done.stdout)

    def list(self, kind, labels=""):
        return json.loads(self.kubectl("get", kind, "-l", labels, "-o", "json").stdout)["items"]

    def patch(self, kind, name, patch, subresource=None):
        extra = ["--subresource", subresource] if subresource else []
        self.kubectl("patch", kind, name, "--type", "merge", "-p", json.dumps(patch), *extra)

    def delete(self, kind, name, *, force=False, wait=False):
        extra = ["--grace-period=0", "--force"] if force else []
        self.kubectl("delete", kind, name, f"--wait={'true' if wait else 'false'}", "--ignore-not-found", *extra)

    def execute(self, pod, *argv, check=True, timeout=60):
        return self.kubectl("exec", pod, "--", *argv, check=check, timeout=timeout).stdout

    def wait(self, what, look, seconds=180):
        """Calls `look` until it is true, and returns that; what it raises counts as not yet."""
        end, last = time.monotonic() + seconds, None
        while time.monotonic() < end:
            try:
                found = look()
                if found:
                    return found
                last = found
            except (Failure, KeyError, IndexError, TypeError, subprocess.TimeoutExpired) as error:
                last = error
            time.sleep(POLL_S)
        raise Failure(f"not within {seconds} s: {what} ({last!r})")


def condition(item, kind):
    """(status, reason, message) of a condition."""
    for one in (item or {}).get("status", {}).get("conditions", []):
        if one["type"] == kind:
            return one["status"], one["reason"], one["message"]
    return None, None, None
