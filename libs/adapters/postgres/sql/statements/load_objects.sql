-- The last column not as EXISTS: that may be planned as one hash of the whole table of extents.
SELECT o.object_id, o.bucket, o.state, o.sealed, o.depth, o.nbind, o.span_hlc, o.opset, o.meta_hlc, o.meta_wid, o.zero_floor,
       (SELECT true FROM extent e WHERE e.object_id = o.object_id LIMIT 1) IS NOT NULL
FROM unnest($1::uuid[]) u(object_id) JOIN object o ON o.object_id = u.object_id
