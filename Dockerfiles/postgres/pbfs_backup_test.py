#!/usr/bin/env python3
"""pbfs-backup against an S3 in memory and programs that stand in for PostgreSQL's. What it does with the real ones is in tests/integration/backup_test.cc."""
import contextlib
import datetime
import hashlib
import importlib.machinery
import importlib.util
import io
import json
import os
import pathlib
import stat
import subprocess
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
LOADER = importlib.machinery.SourceFileLoader("pbfs_backup", str(HERE / "pbfs-backup"))
backup = importlib.util.module_from_spec(importlib.util.spec_from_loader("pbfs_backup", LOADER))
LOADER.exec_module(backup)

START = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.timezone.utc)
HOUR = datetime.timedelta(hours=1)
SETTINGS = {"cluster": "demo", "clusterId": "id-1", "shard": 0, "release": "1.2.3", "keep": 2, "backup": "latest", "owner": "uid-1"}


class MemoryS3:
    """What of a client of botocore a Place calls."""

    def __init__(self):
        self.objects, self.open, self.now, self.lies, self.begun = {}, {}, START, False, 0

    def list_objects_v2(self, Prefix, ContinuationToken=None, **_):
        keys = [key for key in sorted(self.objects) if key.startswith(Prefix) and key > (ContinuationToken or "")]
        page = {"Contents": [{"Key": key, "LastModified": self.objects[key][1]} for key in keys[:2]], "IsTruncated": len(keys) > 2}
        return page | ({"NextContinuationToken": keys[1]} if len(keys) > 2 else {})

    def get_object(self, Key, **_):
        return {"Body": io.BytesIO(self.objects[Key][0])}

    def put_object(self, Key, Body, **_):
        self.objects[Key] = (Body, self.now)

    def delete_object(self, Key, **_):
        self.objects.pop(Key, None)

    def head_object(self, Key, **_):
        return {"ContentLength": len(self.objects[Key][0]) - self.lies}

    def create_multipart_upload(self, Key, **_):
        self.begun += 1
        self.open[f"u{self.begun}"] = (Key, {}, self.now)
        return {"UploadId": f"u{self.begun}"}

    def upload_part(self, UploadId, PartNumber, Body, **_):
        self.open[UploadId][1][PartNumber] = Body
        return {"ETag": hashlib.md5(Body).hexdigest()}

    def complete_multipart_upload(self, Key, UploadId, MultipartUpload, **_):
        parts = self.open.pop(UploadId)[1]
        assert [part["PartNumber"] for part in MultipartUpload["Parts"]] == sorted(parts)
        self.objects[Key] = (b"".join(parts[number] for number in sorted(parts)), self.now)

    def abort_multipart_upload(self, UploadId, **_):
        self.open.pop(UploadId, None)

    def list_multipart_uploads(self, **_):
        return {"Uploads": [{"Key": key, "UploadId": upload, "Initiated": began} for upload, (key, _, began) in self.open.items()]}


class StandIn:
    """A database that says what it is told to."""

    def __init__(self, script="printf dump", system="1"):
        self.script, self.system, self.state, self.got = script, system, {"filled": False, "note": ""}, None
        self.taken = "cat"

    def ask(self, query):
        facts = {"schema": 44, "site": 1, "fenceEpoch": 1, "timeline": 1, "system": self.system}
        return self.state if query == backup.STATE else facts

    def dump(self):
        return subprocess.Popen(["bash", "-c", self.script], stdout=subprocess.PIPE)

    def session(self):
        with tempfile.NamedTemporaryFile(delete=False) as file:
            self.got = file.name
        return subprocess.Popen(["bash", "-c", f"{self.taken} >{self.got}"], stdin=subprocess.PIPE)

    def text(self):
        return pathlib.Path(self.got).read_text(encoding="utf-8")


class BackupTest(unittest.TestCase):
    def setUp(self):
        self.s3, self.database = MemoryS3(), StandIn()
        self.place = backup.Place(self.s3, "safe", "p/id-1/shard-0/")
        self.folder = tempfile.TemporaryDirectory()
        self.program("cat")
        self.path = os.environ["PATH"]
        os.environ["PATH"] = f"{self.folder.name}:{self.path}"
        self.words = io.StringIO()
        self.quiet = contextlib.redirect_stderr(self.words)
        self.quiet.__enter__()

    def tearDown(self):
        self.quiet.__exit__(None, None, None)
        os.environ["PATH"] = self.path
        self.folder.cleanup()

    def program(self, script):
        """pg_restore from now on."""
        path = pathlib.Path(self.folder.name) / "pg_restore"
        path.write_text(f"#!/bin/bash\n{script}\n", encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def dump(self, hours, **settings):
        self.s3.now = START + hours * HOUR
        backup.dump(SETTINGS | settings, self.place, self.database, self.s3.now)

    def restore(self, **settings):
        backup.restore(SETTINGS | settings, self.place, self.database)

    def names(self):
        return sorted(key.removeprefix("p/id-1/shard-0/") for key in self.s3.objects)

    def manifest(self, name):
        return json.loads(self.s3.objects[f"p/id-1/shard-0/{name}.json"][0])

    # Making one.

    def test_a_backup_is_a_dump_and_what_it_is(self):
        self.dump(0)
        self.assertEqual(self.names(), ["20260131T120000Z.dump", "20260131T120000Z.json"])
        manifest = self.manifest("20260131T120000Z")
        self.assertEqual(manifest["sha256"], hashlib.sha256(b"dump").hexdigest())
        self.assertEqual((manifest["size"], manifest["clusterId"], manifest["schema"], manifest["release"]), (4, "id-1", 44, "1.2.3"))

    def test_a_long_dump_goes_in_parts_of_one_size(self):
        self.database.script = f"head -c {backup.PART * 2 + 5} /dev/zero"
        parts = []
        part = self.s3.upload_part
        self.s3.upload_part = lambda **call: parts.append(len(call["Body"])) or part(**call)
        self.dump(0)
        self.assertEqual(parts, [backup.PART, backup.PART, 5])
        self.assertEqual(self.manifest("20260131T120000Z")["size"], backup.PART * 2 + 5)

    def test_what_comes_in_pieces_is_put_together(self):
        class Trickle(io.BytesIO):
            def read(self, size=-1):
                return super().read(min(size, 3))
        self.assertEqual(list(backup.blocks(Trickle(b"0123456789"), 5)), [b"01234", b"56789"])

    def test_a_dump_that_fails_leaves_nothing_and_removes_nothing(self):
        for hour in range(2):
            self.dump(hour)
        before = self.names()
        self.database.script = "printf half; exit 1"
        with self.assertRaises(backup.Failure):
            self.dump(5, keep=1)
        self.assertEqual((self.names(), self.s3.open), (before, {}))

    def test_a_part_that_is_refused_leaves_nothing(self):
        def refuse(**_):
            raise RuntimeError("no")
        self.s3.upload_part = refuse
        with self.assertRaises(RuntimeError):
            self.dump(0)
        self.assertEqual((self.names(), self.s3.open), ([], {}))

    def test_one_that_is_not_whole_has_no_manifest_and_removes_nothing(self):
        for hour in range(2):
            self.dump(hour)
        before = set(self.names())
        self.s3.lies = True
        with self.assertRaises(backup.Failure):
            self.dump(5, keep=1)
        self.assertEqual(set(self.names()) - before, {"20260131T170000Z.dump"})
        self.assertNotIn("20260131T170000Z", self.place.backups())

    def test_a_database_without_a_catalog_is_not_backed_up(self):
        self.database.ask = lambda _: {"schema": None, "system": "1"}
        with self.assertRaises(backup.Failure):
            self.dump(0)
        self.assertEqual(self.names(), [])

    def test_the_oldest_go_after_the_new_one_is_whole(self):
        for hour in range(4):
            self.dump(hour)
        self.assertEqual(sorted(self.place.backups()), ["20260131T140000Z", "20260131T150000Z"])
        self.assertEqual(len(self.names()), 4)

    def test_those_of_a_database_that_was_there_before_stay(self):
        for hour in range(2):
            self.dump(hour)
        self.database.system = "2"
        for hour in range(2, 6):
            self.dump(hour)
        self.assertEqual(sorted(self.place.backups()),
                         ["20260131T120000Z", "20260131T130000Z", "20260131T160000Z", "20260131T170000Z"])

    def test_what_never_became_whole_goes_after_a_day(self):
        self.s3.put_object(Key="p/id-1/shard-0/20260131T113000Z.dump", Body=b"half")
        self.s3.create_multipart_upload(Key="p/id-1/shard-0/20260131T114000Z.dump")
        self.dump(1)
        self.assertIn("20260131T113000Z.dump", self.names())
        self.assertEqual(len(self.s3.open), 1)
        self.dump(25)
        self.assertNotIn("20260131T113000Z.dump", self.names())
        self.assertEqual(self.s3.open, {})

    # Bringing one back.

    def test_a_restore_is_one_transaction_with_its_name(self):
        self.dump(0)
        self.restore()
        text = self.database.text()
        self.assertTrue(text.startswith("BEGIN;\ndump"), text)
        self.assertTrue(text.rstrip().endswith("COMMIT;"), text)
        self.assertIn("pbfs: restored 20260131T120000Z for uid-1", text)

    def test_what_breaks_off_ends_without_a_commit(self):
        self.dump(0)
        for script in ("head -c 2; exit 1", "cat; exit 1"):
            self.program(script)
            with self.assertRaises(backup.Failure):
                self.restore()
            self.assertNotIn("COMMIT", self.database.text())

    def test_a_database_that_refuses_is_no_success(self):
        self.dump(0)
        self.database.taken = "false"
        with self.assertRaises(backup.Failure):
            self.restore()

    def test_a_dump_that_was_changed_never_reaches_the_database(self):
        self.dump(0)
        self.s3.put_object(Key="p/id-1/shard-0/20260131T120000Z.dump", Body=b"dumb")
        with self.assertRaises(backup.Refusal):
            self.restore()
        self.assertIsNone(self.database.got)

    def test_a_database_that_is_not_empty_stays_as_it_is(self):
        self.dump(0)
        for note in ("", "pbfs: restored 20260131T120000Z for uid-2", "for uid-1"):
            self.database.state = {"filled": True, "note": note}
            with self.assertRaises(backup.Refusal):
                self.restore()
        self.assertIsNone(self.database.got)

    def test_what_an_earlier_try_has_done_is_done(self):
        self.database.state = {"filled": True, "note": "pbfs: restored 20260131T120000Z for uid-1"}
        self.restore()
        self.assertIsNone(self.database.got)

    def test_a_backup_of_another_cluster_is_refused(self):
        self.dump(0)
        with self.assertRaisesRegex(backup.Refusal, "Secrets of that cluster"):
            self.restore(clusterId="id-2")

    def test_latest_is_the_newest_whole_one(self):
        for hour in range(2):
            self.dump(hour)
        self.s3.put_object(Key="p/id-1/shard-0/20260131T180000Z.dump", Body=b"no manifest")
        self.s3.put_object(Key="p/id-1/shard-0/20260131T190000Z.json", Body=b"{}")
        self.assertEqual(backup.choose(self.place.backups(), "latest"), "20260131T130000Z")
        self.assertEqual(backup.choose(self.place.backups(), "20260131T120000Z"), "20260131T120000Z")
        with self.assertRaisesRegex(backup.Refusal, "20260131T120000Z, 20260131T130000Z"):
            backup.choose(self.place.backups(), "20260131T180000Z")

    # A catalog that was begun anew by mistake is backed up as well, and must not be taken for the one that was lost.
    def test_latest_of_several_databases_is_for_a_person_to_say(self):
        self.dump(0)
        self.database.system = "2"
        self.dump(1)
        with self.assertRaisesRegex(backup.Refusal, "20260131T120000Z, 20260131T130000Z: name one"):
            self.restore()
        self.restore(backup="20260131T120000Z")

    def test_nothing_is_no_backup(self):
        with self.assertRaises(backup.Refusal):
            self.restore()

    # Secrets.

    def test_the_password_is_in_a_file_of_our_own_and_in_no_argument(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "password"
            path.write_text("a:b\\c\n", encoding="utf-8")
            database = backup.Database({"passwordFile": str(path), "database": "host=/nowhere"}, folder)
            passfile = pathlib.Path(folder) / "pgpass"
            self.assertEqual(passfile.read_text(encoding="utf-8"), "*:*:*:*:a\\:b\\\\c\n")
            self.assertEqual(passfile.stat().st_mode & 0o777, 0o600)
            process = database.dump() if pathlib.Path("/usr/bin/pg_dump").exists() else None
            if process:
                self.assertNotIn("a:b", " ".join(process.args))
                process.communicate()


if __name__ == "__main__":
    unittest.main()
