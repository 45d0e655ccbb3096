"""Parquet and CSV by DuckDB's httpfs. Prints a line for each thing that was as expected."""
import os
import sys
import urllib.parse

import duckdb
import duckdb_extension_httpfs

bucket, listing = sys.argv[1], sys.argv[2]
at = urllib.parse.urlsplit(os.environ["S3_URL"])
database = duckdb.connect()
extension = os.path.join(duckdb_extension_httpfs.__path__[0], "extensions", f"v{duckdb.__version__}", "httpfs.duckdb_extension")
database.execute(f"LOAD '{extension}'")
if "S3_CA" in os.environ:
    database.execute(f"SET ca_cert_file = '{os.environ['S3_CA']}'")
database.execute(f"""CREATE SECRET (TYPE s3, KEY_ID '{os.environ["AWS_ACCESS_KEY_ID"]}', SECRET '{os.environ["AWS_SECRET_ACCESS_KEY"]}',
    REGION '{os.environ["AWS_REGION"]}', ENDPOINT '{at.netloc}', URL_STYLE 'path', USE_SSL {at.scheme == "https"})""")


def value(query):
    return database.execute(query).fetchone()


database.execute("CREATE TABLE numbers AS SELECT range AS n, range % 4 AS part, hash(range) AS noise FROM range(1000000)")
database.execute(f"COPY numbers TO 's3://{bucket}/one.parquet' (FORMAT parquet, ROW_GROUP_SIZE 50000)")
expected = value("SELECT count(*), sum(n), bit_xor(noise) FROM numbers")
assert value(f"SELECT count(*), sum(n), bit_xor(noise) FROM 's3://{bucket}/one.parquet'") == expected
print("parquet written and read")

assert value(f"SELECT sum(n) FROM 's3://{bucket}/one.parquet' WHERE n BETWEEN 500000 AND 500009") == (5000045,)
print("row group by ranges")

database.execute(f"COPY numbers TO 's3://{bucket}/set' (FORMAT parquet, PARTITION_BY part)")
assert value(f"SELECT count(*), sum(n), bit_xor(noise) FROM 's3://{bucket}/set/*/*.parquet'") == expected
assert value(f"SELECT count(*) FROM read_parquet('s3://{bucket}/set/*/*.parquet', hive_partitioning = true) WHERE part = 3") == (250000,)
print("partitioned data set by glob")

database.execute(f"COPY numbers TO 's3://{bucket}/one.csv' (FORMAT csv)")
assert value(f"SELECT count(*), sum(n) FROM 's3://{bucket}/one.csv'") == expected[:2]
print("csv")

assert value(f"SELECT count(*) FROM glob('s3://{listing}/**')") == (2500,)
assert value(f"SELECT count(*) FROM glob('s3://{listing}/many/key-1*')") == (300,)
print("list of 2500")
