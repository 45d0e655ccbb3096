-- A page of versions and common prefixes, and what their objects hold now. A common prefix is neither current nor past.
SELECT t.o_name, t.o_hlc, t.o_wid, t.o_object, p.record, t.o_current, 0::int8, t.o_versioning, c.meta, c.size, c.opset, c.newest
FROM list_versions($1::int4, $2::text, $3::text, $4::int8, $5::int8, $6::text, $7::int8) WITH ORDINALITY
     t(o_name, o_hlc, o_wid, o_object, o_op_object, o_op, o_current, o_versioning, place)
LEFT JOIN op p ON p.object_id = t.o_op_object AND p.op_id = t.o_op
LEFT JOIN LATERAL (SELECT s.size, x.opset, o.meta,
                          greatest(o.span_hlc, (SELECT max(h.max_hlc) FROM region_head h WHERE h.object_id = o.object_id)) AS newest
                   FROM object o, object_size(o.object_id) s, object_opset(o.object_id) x
                   WHERE o.object_id = t.o_object AND o.state < 2) c ON true
ORDER BY t.place
