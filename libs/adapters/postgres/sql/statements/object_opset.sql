-- $1 object.
SELECT c.opset, greatest(o.span_hlc, (SELECT max(h.max_hlc) FROM region_head h WHERE h.object_id = o.object_id))
FROM object o, object_opset(o.object_id) c WHERE o.object_id = $1::uuid
