#!/usr/bin/env python3
"""The browser page of a gateway's admin port, used as a person does (see README.md). The environment says where it is."""
import glob
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

import boto3
import botocore.config
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from browser import NARROW, PATIENCE_S, WIDE, Browser

PAGE = os.environ["PBFS_PAGE"]
PORT = urllib.parse.urlsplit(PAGE).port
SHOTS = os.environ["PBFS_PAGE_SCREENSHOTS"]
KEY, SECRET = os.environ["PBFS_S3_ACCESS_KEY"], os.environ["PBFS_S3_SECRET_KEY"]
MIB = 1 << 20
HOSTILE = "<img src=x onerror=\"document.title='owned'\"> & 'b' \"c\".txt"
# An address that browsers take for another machine's, and a name that the gateway does not know.
FAR, FOREIGN = "192.0.2.7", "foreign.test"

s3 = boto3.client("s3", endpoint_url=os.environ["PBFS_S3_ENDPOINT"], aws_access_key_id=KEY, aws_secret_access_key=SECRET, region_name="us-east-1",
                  config=botocore.config.Config(s3={"addressing_style": "path"}, retries={"max_attempts": 5}))


def read(bucket: str, key: str) -> bytes:
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def exists(bucket: str, key: str) -> bool:
    return any(entry["Key"] == key for entry in s3.list_objects_v2(Bucket=bucket, Prefix=key).get("Contents", []))


def quote(text: str) -> str:
    return urllib.parse.quote(text, safe="")


class Tour(unittest.TestCase):
    """Each case has a fresh load of the page, without a key, and a bucket of its own."""

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.mkdtemp(prefix="pbfs-page-")
        cls.downloads = os.path.join(cls.scratch, "downloads")
        os.mkdir(cls.downloads)
        cls.browser = Browser(cls.downloads, os.path.join(cls.scratch, "profile"), {FAR: "127.0.0.1", FOREIGN: "127.0.0.1"})

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        shutil.rmtree(cls.scratch, ignore_errors=True)

    def setUp(self):
        words = self.id().split(".")[-1].removeprefix("test_").replace("_", "-")[:46].strip("-")
        self.bucket = f"{words}-{random.randrange(1 << 24):06x}"  # a tour may be repeated
        s3.create_bucket(Bucket=self.bucket)
        for name in os.listdir(self.downloads):
            os.remove(os.path.join(self.downloads, name))
        self.browser.console()
        self.open("")

    def tearDown(self):
        self.assertEqual(self.browser.console(), [])
        self.assertNotIn("owned", self.browser.driver.title)

    def open(self, address: str):
        """Loads the page at an address of its own, which forgets the key."""
        self.browser.driver.get("about:blank")
        self.browser.driver.get(f"{PAGE}/#/{address}")
        self.browser.one(".view")

    def go(self, address: str):
        """The same without loading: the key stays."""
        self.browser.run("location.hash = arguments[0]", "#/" + address)
        self.browser.until(lambda: not self.browser.all("main[aria-busy]"), "the view")

    def enter_key(self):
        self.browser.press("Enter key")
        self.browser.fill("id", KEY)
        self.browser.fill("secret", SECRET)
        self.browser.press("Use this key", "dialog")
        self.browser.labelled("button", "Forget")

    def shoot(self, name: str, both: bool = True, whole: bool = True):
        """Screenshots: wide and light; narrow and dark as well if `both`."""
        self.browser.picture(f"{SHOTS}/{name}.png", whole)
        if not both:
            return
        self.browser.dark(True)
        self.browser.picture(f"{SHOTS}/{name}-dark.png", whole)
        self.browser.resize(*NARROW)
        self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth"), NARROW[0], "nothing is wider than a narrow window")
        self.browser.until(lambda: self.browser.run("return [...document.querySelectorAll('.frame svg')].every(s => s.clientWidth <= 400)"), "pictures drawn anew")
        self.browser.picture(f"{SHOTS}/{name}-narrow-dark.png", whole)
        self.browser.dark(False)
        self.browser.picture(f"{SHOTS}/{name}-narrow.png", whole)
        self.browser.resize(*WIDE)

    def stored(self, name: str) -> str:
        path = os.path.join(self.downloads, name)
        self.browser.until(lambda: os.path.exists(path) and not glob.glob(self.downloads + "/*.crdownload"), "the download " + name)
        return path

    def transfer(self, name: str, state: str):
        row = f"#transfers li[data-name={json.dumps(name)}]"
        self.browser.until(lambda: any(e.get_attribute("data-state") == state for e in self.browser.all(row)), f"{name} to be {state}")
        return next(e for e in self.browser.all(row) if e.get_attribute("data-state") == state)

    # ---- cases ----

    def test_looks_without_a_key_and_changes_nothing(self):
        s3.put_object(Bucket=self.bucket, Key="letters/a.txt", Body=b"miaow")
        s3.put_object(Bucket=self.bucket, Key="cat.jpg", Body=b"x" * 5000)
        self.open("")
        self.browser.sees("Read-only", "#key")
        self.browser.sees(self.bucket, "#buckets")
        self.shoot("buckets")
        self.browser.labelled("a", self.bucket).click()
        self.browser.sees("cat.jpg", "#names")
        self.browser.sees("letters/", "#names")
        for name in ("#files", "#create-bucket", ".quiet", ".danger"):
            self.assertEqual(self.browser.all(name), [], f"{name} is for those who have a key")
        self.browser.labelled("a", "letters/").click()
        self.browser.sees("a.txt", "#names")
        self.browser.labelled("a", "a.txt").click()
        self.browser.sees("5 bytes", "#facts")
        self.assertNotIn("ETag", self.browser.text())
        self.assertEqual(self.browser.all(".quiet"), [])
        self.browser.press("Download", ".actions")
        self.browser.sees("Without an access key this is not allowed", "#transfers")
        self.assertEqual(os.listdir(self.downloads), [])
        policy = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{self.bucket}/letters/*"}]}
        s3.put_bucket_policy(Bucket=self.bucket, Policy=json.dumps(policy))
        self.browser.press("Download", ".actions")
        with open(self.stored("a.txt"), "rb") as file:
            self.assertEqual(file.read(), b"miaow", "the bucket's policy lets everybody read")

    def test_takes_only_a_key_that_the_gateway_knows(self):
        self.browser.press("Enter key")
        self.browser.fill("id", KEY)
        self.browser.fill("secret", "wrong")
        self.shoot("key", both=False, whole=False)
        self.browser.press("Use this key", "dialog")
        self.browser.sees("This secret does not belong to this access key", "dialog")
        self.browser.fill("id", "PBFS0000000000000000")
        self.browser.press("Use this key", "dialog")
        self.browser.sees("There is no such access key", "dialog")
        self.shoot("key-refused", whole=False)
        self.browser.one("dialog").send_keys(Keys.ESCAPE)
        self.browser.until(lambda: not self.browser.all("dialog"), "the dialog to be gone")
        self.browser.sees("Read-only", "#key")
        self.enter_key()
        self.browser.sees(KEY, "#key")
        kept = self.browser.run("return JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.cookie])")
        self.assertEqual(kept, '[[],[],""]', "the key is in memory only")
        self.browser.press("Forget")
        self.browser.sees("Read-only", "#key")

    def test_uploads_with_progress_and_downloads_the_same_bytes(self):
        self.enter_key()
        self.go("buckets/" + self.bucket)
        self.browser.sees("This bucket is empty")
        self.shoot("bucket-empty")
        big, small = os.path.join(self.scratch, "big.bin"), os.path.join(self.scratch, "small.txt")
        content = random.Random(7).randbytes(50 * MIB + 12345)
        for path, body in ((big, content), (small, b"miaow")):
            with open(path, "wb") as file:
                file.write(body)
        self.browser.run("""window.seen = []; new MutationObserver(() => {
            for (const bar of document.querySelectorAll('#transfers progress')) window.seen.push(bar.value); })
            .observe(document.getElementById('transfers'), {subtree: true, childList: true, attributes: true, characterData: true})""")
        self.browser.driver.find_element("id", "files").send_keys(big + "\n" + small)
        self.transfer("big.bin", "done")
        self.transfer("small.txt", "done")
        between = [value for value in self.browser.run("return window.seen") if 0 < value < len(content)]
        self.assertGreater(len(set(between)), 2, "progress was shown on the way")
        self.browser.sees("big.bin", "#names")
        self.browser.sees("50 MiB", "#names")
        self.shoot("names-and-transfers", whole=False)
        self.assertEqual(read(self.bucket, "big.bin"), content)
        self.assertEqual(s3.head_object(Bucket=self.bucket, Key="small.txt")["ContentType"], "text/plain")
        self.browser.one("button[aria-label='Download big.bin']").click()
        with open(self.stored("big.bin"), "rb") as file:
            self.assertTrue(file.read() == content, "downloaded as uploaded")

    def test_stops_an_upload_and_leaves_nothing(self):
        self.enter_key()
        self.go("buckets/" + self.bucket)
        path = os.path.join(self.scratch, "long.bin")
        with open(path, "wb") as file:
            file.truncate(400 * MIB)
        self.browser.one(".drop")
        self.browser.driver.find_element("id", "files").send_keys(path)
        self.browser.press("Stop", "#transfers")
        self.transfer("long.bin", "stopped")
        self.browser.until(lambda: not s3.list_multipart_uploads(Bucket=self.bucket).get("Uploads"), "the upload to be aborted")
        self.assertFalse(exists(self.bucket, "long.bin"))

    def test_hands_a_huge_object_to_the_browsers_downloads(self):
        s3.put_object(Bucket=self.bucket, Key="sparse.bin", Body=b"begin")
        self.patch("sparse.bin", "bytes */300000000", b"")
        self.enter_key()
        self.go("buckets/" + self.bucket)
        self.browser.one("button[aria-label='Download sparse.bin']").click()
        self.browser.sees("handed to the browser's downloads", "#transfers")
        path = self.stored("sparse.bin")
        self.assertEqual(os.path.getsize(path), 300000000)
        with open(path, "rb") as file:
            self.assertEqual(file.read(8), b"begin\0\0\0")

    def patch(self, key: str, content_range: str, body: bytes):
        import botocore.auth
        import botocore.awsrequest
        url = f"{os.environ['PBFS_S3_ENDPOINT']}/{self.bucket}/{quote(key)}"
        request = botocore.awsrequest.AWSRequest("PATCH", url, data=body, headers={"Content-Range": content_range})
        botocore.auth.S3SigV4Auth(boto3.Session(KEY, SECRET).get_credentials(), "s3", "us-east-1").add_auth(request)
        urllib.request.urlopen(urllib.request.Request(request.url, body, dict(request.headers), method="PATCH")).read()

    def test_a_patch_shows_in_the_picture_and_in_the_history(self):
        s3.put_object(Bucket=self.bucket, Key="cat.txt", Body=b"0123456789" * 500)
        self.enter_key()
        self.go(f"objects/{self.bucket}/cat.txt")
        self.browser.sees("the bytes of 1 patch show", "#patches-said")
        self.browser.press("Write bytes")
        self.browser.fill("offset", "1000")
        self.browser.press("Write", "dialog")
        self.browser.sees("What? Enter some characters", "dialog")
        self.browser.fill("text", "hello ‹patch›")
        self.shoot("write-bytes", both=False, whole=False)
        self.browser.press("Write", "dialog")
        self.browser.sees("the bytes of 2 patches show, in 3 pieces", "#patches-said")
        patch = "hello ‹patch›".encode()
        content = b"0123456789" * 500
        self.assertEqual(read(self.bucket, "cat.txt"), content[:1000] + patch + content[1000 + len(patch):])
        self.browser.until(lambda: len(self.browser.all(".patches rect.item")) == 3, "three pieces in the picture")
        orders = [e.get_attribute("data-order") for e in self.browser.all(".patches rect.item")]
        self.assertEqual(len(set(orders)), 2)
        self.assertEqual(orders[0], orders[2])
        rows = [e.text for e in self.browser.all("#patches tbody tr")]
        self.assertEqual(len(rows), 3)
        self.assertTrue(rows[1].startswith("1,000 1,016 17 B"), rows)
        kinds = [e.text for e in self.browser.all("#ops .op")]
        self.assertEqual(kinds.count("WRITE"), 2, kinds)
        self.assertEqual(kinds.count("BIND"), 1, kinds)
        self.browser.sees("bytes 1,000 to 1,016", "#ops")
        self.browser.until(lambda: len(self.browser.all(".history .item")) == 3, "three ops in the picture")
        self.browser.sees("ETag", "#facts")
        self.walk_the_picture()
        self.shoot("object")

    def walk_the_picture(self):
        """With the keyboard alone: the line below says what the arrow keys come to."""
        line = ".patches .at"
        self.browser.run("document.querySelector('.patches svg').focus()")
        keys = ActionChains(self.browser.driver)
        keys.send_keys(Keys.ARROW_RIGHT).perform()
        self.browser.sees("bytes 0 to 999 (1,000 B)", line)
        keys.send_keys(Keys.ARROW_RIGHT).perform()
        self.browser.sees("bytes 1,000 to 1,016 (17 B)", line)
        self.assertEqual(len(self.browser.all(".patches rect.chosen")), 1)

    def test_many_patches_and_the_range_of_the_picture(self):
        s3.put_object(Bucket=self.bucket, Key="log", Body=b"." * (2 * MIB))
        shuffled = random.Random(3)
        for i in range(40):
            self.patch("log", f"bytes {shuffled.randrange(2 * MIB - 40000)}-/*", b"x" * shuffled.randrange(200, 40000))
        self.patch("log", "bytes */6000000", b"")
        self.open(f"objects/{self.bucket}/log")
        self.browser.sees("patches show", "#patches-said")
        self.browser.until(lambda: len(self.browser.all(".history .item")) >= 40, "the ops")
        self.shoot("many-patches")
        low, high = (next(e for e in self.browser.all(f".range [name={name}]")) for name in ("lo", "hi"))
        for field, value in ((low, "1000000"), (high, "1099999")):
            field.clear()
            field.send_keys(value)
        self.browser.press("Show", ".range")
        self.browser.sees("bytes 1,000,000 to 1,099,999 of", "#patches-said")
        self.browser.press("Whole object", ".range")
        self.browser.sees("In all 5.7 MiB", "#patches-said")

    def test_deletes_and_remembers_what_the_name_was(self):
        self.bucket += "-kept"  # in a bucket that keeps its past
        self.pbfs("bucket", "create", self.bucket, "--history", "1d")
        s3.put_object(Bucket=self.bucket, Key="gone.txt", Body=b"first")
        s3.put_object(Bucket=self.bucket, Key="gone.txt", Body=b"second")
        self.enter_key()
        self.go(f"objects/{self.bucket}/gone.txt")
        self.browser.press("Delete", ".actions")
        self.browser.press("Cancel", "dialog")
        self.assertTrue(exists(self.bucket, "gone.txt"))
        self.browser.press("Delete", ".actions")
        self.browser.sees("Delete this object?", "dialog")
        self.browser.press("Delete", "dialog")
        self.browser.sees("No object has this name now")
        self.browser.until(lambda: len(self.browser.all("#name-history tbody tr")) == 3, "three values of the name")
        self.assertIn("deleted", self.browser.all("#name-history tbody tr")[0].text)
        self.assertFalse(exists(self.bucket, "gone.txt"))
        self.shoot("deleted", both=False)

    def test_makes_and_deletes_a_bucket(self):
        self.enter_key()
        self.browser.press("Create a bucket")
        self.browser.fill("name", "Not A Name")
        self.browser.press("Create", "dialog")
        self.browser.sees("3 to 63 characters", "dialog .trouble")
        self.browser.fill("name", self.bucket)
        self.browser.press("Create", "dialog")
        self.browser.sees("There is a bucket of this name already", "dialog")
        self.browser.fill("name", "page-made-here")
        self.browser.press("Create", "dialog")
        self.browser.sees("This bucket is empty")
        s3.head_bucket(Bucket="page-made-here")
        self.browser.press("Delete the bucket")
        self.browser.press("Delete", "dialog")
        self.browser.sees(self.bucket, "#buckets")
        self.assertNotIn("page-made-here", [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]])

    def test_a_name_that_is_html_is_text(self):
        names = [HOSTILE, "a/../b", "per%cent?#&+ é", "x" * 300, "\"><script>document.title='owned'</script>"]
        for name in names:
            s3.put_object(Bucket=self.bucket, Key=name, Body=name.encode())
        self.enter_key()
        self.go("buckets/" + self.bucket)
        self.browser.sees(HOSTILE, "#names")
        self.assertEqual(self.browser.all("main img, main script, main b"), [])
        self.shoot("hostile-names")
        for name in names:
            self.go(f"objects/{self.bucket}/{quote(name)}")
            self.browser.until(lambda: any(e.text == name for e in self.browser.all("h1")), name)
            self.browser.sees("ETag", "#facts")
            self.browser.press("Write bytes")
            self.browser.fill("offset", "0")
            self.browser.fill("text", "!")
            self.browser.press("Write", "dialog")
            self.browser.sees("the bytes of 2 patches show", "#patches-said")
            self.assertEqual(read(self.bucket, name), b"!" + name.encode()[1:])
            self.assertEqual(self.browser.all("main img, main script"), [])
        path = os.path.join(self.scratch, "<i>up & down<i>.txt")
        with open(path, "wb") as file:
            file.write(b"up")
        self.go("buckets/" + self.bucket)
        self.browser.one(".drop")
        self.browser.driver.find_element("id", "files").send_keys(path)
        self.transfer("<i>up & down<i>.txt", "done")
        self.assertEqual(read(self.bucket, "<i>up & down<i>.txt"), b"up")
        self.assertEqual(self.browser.all("#transfers i"), [])

    def test_an_object_never_runs_as_a_page(self):
        s3.put_object(Bucket=self.bucket, Key="evil.html", Body=b"<script>document.title='owned'</script>", ContentType="text/html")
        s3.put_object(Bucket=self.bucket, Key="evil.js", Body=b"document.title='owned'", ContentType="text/javascript")
        policy = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{self.bucket}/*"}]}
        s3.put_bucket_policy(Bucket=self.bucket, Policy=json.dumps(policy))
        self.browser.run("location.href = arguments[0]", f"/s3/{self.bucket}/evil.html")
        self.stored("evil.html")
        self.assertNotIn("owned", self.browser.driver.title)
        for way in ("import(arguments[0]).then(ran, refused)",
                    "const s = document.createElement('script'); s.onload = ran; s.onerror = refused; s.src = arguments[0]; document.head.append(s)",
                    "new Worker(arguments[0]).onerror = refused"):
            answer = self.browser.driver.execute_async_script(
                "const done = arguments[1], ran = () => done('it ran'), refused = () => done('refused'); try { " + way + " } catch { refused(); }",
                f"/s3/{self.bucket}/evil.js")
            self.assertEqual(answer, "refused", way)
            self.assertNotIn("owned", self.browser.driver.title)
        self.browser.console()  # the browser says that it refused

    def test_shows_how_the_cluster_is(self):
        self.open("cluster")
        self.browser.sees("All 8 stores answer", "#verdict")
        self.assertEqual(len(self.browser.all("#stores tbody tr")), 8)
        self.shoot("cluster")
        self.pbfs("local", "kill", "store-3")
        try:
            self.wait_for_verdict("1 store of 8 does not answer")
            self.shoot("cluster-store-down")
        finally:
            self.pbfs("local", "start", "store-3")
        self.wait_for_verdict("All 8 stores answer")

    def pbfs(self, *words: str):
        done = subprocess.run([os.environ["PBFS"], *words], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def wait_for_verdict(self, text: str):
        deadline = time.monotonic() + 2 * PATIENCE_S
        while text not in self.browser.one("#verdict").text:
            self.assertLess(time.monotonic(), deadline, self.browser.text())
            self.browser.press("Look again")
            self.browser.until(lambda: not self.browser.all("main[aria-busy]"), "the cluster")

    def test_says_what_is_wrong_with_an_address(self):
        self.open("buckets/nowhere-at-all")
        self.browser.sees("There is no such bucket", "main")
        self.shoot("no-such-bucket", both=False)
        self.open(f"objects/{self.bucket}/nothing")
        self.browser.sees("No object has this name now")
        for address in ("%FF", "no/such/view/at/all", "objects/only"):
            self.open(address)
            self.browser.sees("There is nothing at this address")
        self.open("objects/..%2F..%2Fetc/passwd")
        self.browser.sees("A bucket's name has 3 to 63 characters", "main")

    def test_says_what_to_do_where_browsers_do_not_sign(self):
        self.browser.driver.get(f"http://{FAR}:{PORT}/")
        self.browser.sees(self.bucket, "#buckets")
        self.browser.press("Enter key")
        self.browser.sees("This page cannot sign requests here", "dialog")
        self.browser.sees("ssh -N -L", "dialog")
        self.shoot("insecure", whole=False)
        self.browser.press("Close", "dialog")
        self.browser.driver.get(f"http://{FOREIGN}:{PORT}/")
        self.browser.sees("This page is served at localhost")

    def test_works_by_keyboard_alone(self):
        s3.put_object(Bucket=self.bucket, Key="cat.txt", Body=b"miaow")
        self.open("")
        keys = ActionChains(self.browser.driver)
        self.tab_to(lambda text, _: text == "Enter key")
        keys.send_keys(Keys.ENTER).perform()
        self.browser.one("dialog [name=id]")
        self.assertEqual(self.browser.run("return document.activeElement.name"), "id", "the first field is ready")
        keys.send_keys(KEY, Keys.TAB, SECRET, Keys.ENTER).perform()
        self.browser.labelled("button", "Forget")
        self.tab_to(lambda text, _: text == self.bucket)
        keys.send_keys(Keys.ENTER).perform()
        self.browser.sees("cat.txt", "#names")
        self.tab_to(lambda text, _: text == "cat.txt")
        keys.send_keys(Keys.ENTER).perform()
        self.browser.sees("5 bytes", "#facts")
        self.tab_to(lambda text, name: name.startswith("Which patch each byte"))
        keys.send_keys(Keys.ARROW_RIGHT).perform()
        self.browser.sees("bytes 0 to 4", ".patches .at")

    def tab_to(self, wanted):
        """Presses Tab until the element with the focus is the one, by its text and its label."""
        for _ in range(80):
            text, name = self.browser.run("const e = document.activeElement; return [e.innerText ?? '', e.getAttribute('aria-label') ?? '']")
            if wanted(text.strip(), name):
                return
            ActionChains(self.browser.driver).send_keys(Keys.TAB).perform()
        self.fail("the Tab key does not get there")


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    unittest.main(verbosity=2)
