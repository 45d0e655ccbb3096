"""Files by s3fs for Python (fsspec). Prints a line for each thing that was as expected."""
import os
import random
import sys

import s3fs

bucket, listing, big_bytes = sys.argv[1], sys.argv[2], int(sys.argv[3])
files = s3fs.S3FileSystem(endpoint_url=os.environ["S3_URL"], default_block_size=5 << 20, use_listings_cache=False,
                          client_kwargs={"verify": os.environ["S3_CA"]} if "S3_CA" in os.environ else {})
data = random.Random(1).randbytes(big_bytes)

files.pipe(f"{bucket}/folder/small ü+b", data[:4099])
assert files.cat(f"{bucket}/folder/small ü+b") == data[:4099]
print("put get")

with files.open(f"{bucket}/big", "wb") as target:
    for start in range(0, len(data), 3_000_000):
        target.write(data[start:start + 3_000_000])
assert files.cat(f"{bucket}/big") == data
print("multipart of unknown length")

assert files.cat_file(f"{bucket}/big", start=1_000_003, end=1_070_000) == data[1_000_003:1_070_000]
with files.open(f"{bucket}/big", "rb") as source:
    source.seek(-100_000, os.SEEK_END)
    assert source.read() == data[-100_000:]
print("range")

assert len(files.find(listing)) == 2500
assert len(files.ls(listing)) == 1201
assert len(files.ls(f"{listing}/many")) == 1300
print("list of 2500")

files.copy(f"{bucket}/big", f"{bucket}/folder/copy")
assert files.cat(f"{bucket}/folder/copy") == data
assert files.info(f"{bucket}/folder/copy")["size"] == len(data)
print("copy")

files.rm(f"{bucket}/folder", recursive=True)
files.rm(f"{bucket}/big")
assert files.find(bucket) == []
print("delete")
