#!/usr/bin/env python3
"""Every finding of images.py fires on a bad sample, and none on a good one."""
import unittest

import images

LABELS = "LABEL " + " ".join(f'org.opencontainers.image.{label}="x"' for label in images.LABELS if label != "title")
GOOD = f"""
# A service.
ARG BASE
FROM ${{BASE}}
{LABELS} \\
      org.opencontainers.image.title="pbfs-gateway"
RUN apt-get update \\
 && apt-get install --no-install-recommends curl \\
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* \\
 && dpkg-query -W >/usr/share/doc/pbfs/packages.txt
COPY bin/pbfs-gateway /usr/local/bin/
HEALTHCHECK CMD ["http-ok", "9080", "/healthz"]
USER 10001:10001
ENTRYPOINT ["pbfs-gateway"]
"""
CMAKE = "add_custom_target(pbfs_programs DEPENDS pbfs-gateway)"


class ImagesTest(unittest.TestCase):
    def found(self, message, old, new):
        self.assertIn(old, GOOD)
        findings = images.check({"gateway": GOOD.replace(old, new)}, CMAKE)
        self.assertTrue(any(message in finding for finding in findings), findings)

    def test_a_good_one_is_quiet(self):
        self.assertEqual(images.check({"gateway": GOOD}, CMAKE), [])
        tool = GOOD.replace('CMD ["http-ok", "9080", "/healthz"]', "NONE").replace('ENTRYPOINT ["pbfs-gateway"]', 'CMD ["pbfs-gateway"]')
        self.assertEqual(images.check({"gateway": tool}, CMAKE), [])

    def test_images_stand_on_one_base(self):
        self.found("stands on", "FROM ${BASE}", "FROM debian:bookworm-slim")
        self.found("latest", "FROM ${BASE}", "FROM debian:latest")

    def test_nobody_is_root(self):
        self.found("user without rights", "USER 10001:10001", "USER pbfs")
        self.found("user without rights", "USER 10001:10001\n", "")
        self.found("user without rights", "USER 10001:10001\n", "USER 10001:10001\nUSER 0\n")

    def test_images_say_what_they_are(self):
        for label in images.LABELS:
            self.found(f"no label org.opencontainers.image.{label}", f"org.opencontainers.image.{label}=", "x=")
        self.found("another title", "pbfs-gateway\"\nRUN", "pbfs-catalog\"\nRUN")

    def test_images_that_serve_say_how_their_health_is_seen(self):
        self.found("one HEALTHCHECK", "HEALTHCHECK", "# HEALTHCHECK")
        self.found("exactly if something serves", 'CMD ["http-ok", "9080", "/healthz"]', "NONE")

    def test_the_package_manager_leaves_nothing(self):
        self.found("only recommended", "--no-install-recommends ", "")
        self.found("keeps what apt loaded", " /var/cache/apt/*", "")
        self.found("does not list", "dpkg-query -W >/usr/share/doc/pbfs/packages.txt", "true")
        self.found("for building", "curl", "libcurl4-openssl-dev")

    def test_every_program_has_an_image(self):
        findings = images.check({"gateway": GOOD}, CMAKE.replace("pbfs-gateway", "pbfs-gateway pbfs-catalog"))
        self.assertEqual(len(findings), 1)
        self.assertIn("pbfs-catalog is in no image", findings[0])
        self.assertIn("no target pbfs_programs", images.check({"gateway": GOOD}, "")[0])


if __name__ == "__main__":
    unittest.main()
