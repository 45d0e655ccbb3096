#!/usr/bin/python3
"""The steps find what clients get wrong: each client here does one thing wrong, and has to be told so. Environment as for s3-clients."""
import sys
import tempfile

import common
import sdk
import steps


class Flips(sdk.DebianBoto3):
    def get(self, bucket, key, file):
        super().get(bucket, key, file)
        data = bytearray(common.read(file))
        if data:
            data[len(data) // 2] ^= 1
        common.write(file, bytes(data))


class Shifts(sdk.DebianBoto3):
    def range(self, bucket, key, first, last, file):
        super().range(bucket, key, first + 1, last + 1, file)


class LosesKey(sdk.DebianBoto3):
    def list(self, *arguments):
        keys, prefixes = super().list(*arguments)
        return keys[:-1], prefixes


class RepeatsPrefix(sdk.DebianBoto3):
    def list(self, *arguments):
        keys, prefixes = super().list(*arguments)
        return keys, prefixes + prefixes[:1]


class CopiesOther(sdk.DebianBoto3):
    def copy(self, bucket, key, to):
        super().copy(bucket, steps.PLAIN, to)


class SignsOther(sdk.DebianBoto3):
    def presign(self, bucket, key):
        return super().presign(bucket, steps.PLAIN)


class HasNoParts(sdk.DebianBoto3):
    def multipart(self, *arguments):
        self.put(*arguments)


class KeepsKey(sdk.DebianBoto3):
    def delete_many(self, bucket, keys):
        super().delete_many(bucket, keys[1:])


class KeepsBucket(sdk.DebianBoto3):
    def remove(self, bucket):
        pass


def found(client, site):
    """What the steps say of a client, or nothing."""
    client.name = "liar"
    client.install("")
    with tempfile.TemporaryDirectory() as work:
        client.open(site, work)
        try:
            steps.exercise(client, lambda name: None)
        except common.Differs as wrong:
            return str(wrong)
        finally:
            client.close()
    return ""


def main():
    site = common.sites()[0]
    steps.make_listing(site)
    liars = Flips, Shifts, LosesKey, RepeatsPrefix, CopiesOther, SignsOther, HasNoParts, KeepsKey, KeepsBucket
    honest = found(sdk.DebianBoto3(), site)
    unfound = [liar.__name__ for liar in liars if not found(liar(), site)]
    steps.clear(site, "clients-liar-http")
    if honest or unfound:
        print(f"not found: {unfound}; said of an honest client: {honest!r}")
    print(f"{len(liars) + 1 - len(unfound) - bool(honest)} passed, {len(unfound) + bool(honest)} failed")
    return 1 if honest or unfound else 0


if __name__ == "__main__":
    sys.exit(main())
