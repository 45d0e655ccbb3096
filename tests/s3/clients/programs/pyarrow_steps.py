"""A Parquet data set by pyarrow: written in parts, listed, read by ranges. Prints a line for each thing that was as expected."""
import os
import sys
import urllib.parse

import numpy
import pyarrow
import pyarrow.dataset
import pyarrow.fs
import pyarrow.parquet

bucket, listing, big_bytes = sys.argv[1], sys.argv[2], int(sys.argv[3])
at = urllib.parse.urlsplit(os.environ["S3_URL"])
trust = {"tls_ca_file_path": os.environ["S3_CA"]} if at.scheme == "https" else {}
files = pyarrow.fs.S3FileSystem(endpoint_override=at.netloc, scheme=at.scheme, region=os.environ["AWS_REGION"], **trust)

rows = 400_000
table = pyarrow.table({"number": numpy.arange(rows), "noise": numpy.random.default_rng(1).random(rows), "group": numpy.arange(rows) % 4})
pyarrow.parquet.write_table(table, f"{bucket}/one.parquet", filesystem=files, row_group_size=50_000)
assert pyarrow.parquet.read_table(f"{bucket}/one.parquet", filesystem=files).equals(table)
print("parquet written and read")

with files.open_input_file(f"{bucket}/one.parquet") as source:
    file = pyarrow.parquet.ParquetFile(source, pre_buffer=False)
    assert file.read_row_group(5, columns=["noise"]).equals(table.select(["noise"]).slice(250_000, 50_000))
print("one column of one row group by ranges")

parts = pyarrow.dataset.partitioning(pyarrow.schema([("group", pyarrow.int64())]), flavor="hive")
pyarrow.dataset.write_dataset(table, f"{bucket}/set", filesystem=files, format="parquet", partitioning=parts)
read = pyarrow.dataset.dataset(f"{bucket}/set", filesystem=files, partitioning=parts).to_table(filter=pyarrow.dataset.field("group") == 3)
assert sorted(read["number"].to_pylist()) == list(range(3, rows, 4))
print("partitioned data set")

data = numpy.random.default_rng(2).bytes(big_bytes)
with files.open_output_stream(f"{bucket}/big") as stream:
    for start in range(0, len(data), 3_000_000):
        stream.write(data[start:start + 3_000_000])
with files.open_input_file(f"{bucket}/big") as source:
    assert source.read_at(70_000, 6_000_000) == data[6_000_000:6_070_000]
    source.seek(0)
    assert source.read() == data
print("multipart of unknown length")

found = files.get_file_info(pyarrow.fs.FileSelector(listing, recursive=True))
assert sum(info.is_file for info in found) == 2500, len(found)
assert sum(not info.is_file for info in found) == 1201, len(found)
print("list of 2500")

files.copy_file(f"{bucket}/one.parquet", f"{bucket}/copy.parquet")
assert pyarrow.parquet.read_table(f"{bucket}/copy.parquet", filesystem=files).equals(table)
print("copy")

files.create_dir(f"{bucket}/empty/folder", recursive=True)
assert files.get_file_info(f"{bucket}/empty/folder").type == pyarrow.fs.FileType.Directory
files.delete_dir(f"{bucket}/set")
files.delete_dir_contents(bucket)
assert files.get_file_info(pyarrow.fs.FileSelector(bucket, recursive=True)) == []
print("folders and deletes")
