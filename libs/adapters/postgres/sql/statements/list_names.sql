-- A page of names and common prefixes ($4); with $6 also what their objects hold now.
SELECT t.o_name, t.o_hlc, t.o_wid, t.o_object, p.record, t.o_current, t.o_gone, 0::int2, c.meta, c.size, c.opset, c.newest
FROM list_names($1::int4, $2::text, $3::text, $4::text, $5::int8) t
LEFT JOIN op p ON p.object_id = t.o_op_object AND p.op_id = t.o_op
LEFT JOIN LATERAL (SELECT s.size, x.opset, o.meta,
                          greatest(o.span_hlc, (SELECT max(h.max_hlc) FROM region_head h WHERE h.object_id = o.object_id)) AS newest
                   FROM object o, object_size(o.object_id) s, object_opset(o.object_id) x
                   WHERE $6::bool AND o.object_id = t.o_object AND o.state < 2) c ON true
ORDER BY t.o_name COLLATE "C"
