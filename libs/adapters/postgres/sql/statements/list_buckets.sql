SELECT b.bucket_id, b.name, b.integrity, b.etag, b.k, b.m, b.w, b.history_ms, b.versioning, b.history_floor_hlc, b.keyring, b.keyring_ver
FROM bucket b ORDER BY b.name
