-- Newest first; a REHOME has no order of its own and stands where it came. Those that share a place stay on one page, for
-- the next page begins below it. No row: no such object. Last: the newest order of the object.
SELECT q.op_id, q.kind, q.hlc, q.wid, q.origin, q.ms, q.record,
       greatest(o.span_hlc, (SELECT max(h.max_hlc) FROM region_head h WHERE h.object_id = o.object_id))
FROM object o JOIN bucket b ON b.bucket = o.bucket
LEFT JOIN LATERAL (
  SELECT * FROM (SELECT p.op_id, p.kind, p.hlc, p.wid, p.origin, t.ms, p.record, coalesce(p.hlc, t.ms << 16 | 65535) AS place
                 FROM op p, LATERAL (SELECT (extract(epoch FROM p.at) * 1000)::int8 AS ms) t WHERE p.object_id = o.object_id) r
  WHERE r.place < $3::int8 ORDER BY r.place DESC FETCH FIRST ($4::int8) ROWS WITH TIES) q ON true
WHERE o.object_id = $1::uuid AND o.bucket = $2::int4 AND o.state < 2
