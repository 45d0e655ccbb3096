SELECT versioning, history_ms, history_floor_hlc FROM bucket WHERE bucket = $1::int4
