SELECT o.object_id, o.bucket, o.state, o.sealed, o.depth, o.nbind, o.span_hlc, o.opset, o.meta_hlc, o.meta_wid, o.zero_floor
FROM unnest($1::uuid[]) u(object_id) JOIN object o ON o.object_id = u.object_id
