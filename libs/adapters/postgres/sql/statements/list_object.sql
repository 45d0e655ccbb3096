-- $1 object, $2 bucket number. No row: no such object, or it is reaped, or its bucket is deleted.
SELECT o.sealed, o.span_hlc, o.zero_floor, s.size, now_ms(),
       coalesce((SELECT min(floor_hlc) FROM peer WHERE NOT evicted), 9223372036854775807),
       b.history_ms, b.history_floor_hlc
FROM object o JOIN bucket b ON b.bucket = o.bucket, object_size(o.object_id) s
WHERE o.object_id = $1::uuid AND o.bucket = $2::int4 AND o.state < 2
