SELECT b.bucket_id, b.name, b.integrity, b.etag, b.k, b.m, b.w, b.history_ms, b.versioning, b.history_floor_hlc, b.keyring, b.keyring_ver,
       b.bucket, s.default_k, s.default_m
FROM bucket b, site_self s WHERE b.bucket_id = $1::uuid
