SELECT s.size, c.opset, o.sealed, o.nbind,
       greatest(o.span_hlc, (SELECT max(h.max_hlc) FROM region_head h WHERE h.object_id = o.object_id)),
       (SELECT count(*) FROM extent e WHERE e.object_id = o.object_id), o.meta, o.meta_hlc, o.meta_wid
FROM object o JOIN bucket b ON b.bucket = o.bucket, object_size(o.object_id) s, object_opset(o.object_id) c
WHERE o.object_id = $1::uuid AND o.bucket = $2::int4 AND o.state < 2
