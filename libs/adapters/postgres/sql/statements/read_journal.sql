-- I23: below the horizon of running transactions, by (xid, seq): an older transaction may hold a larger seq.
SELECT j.xid, j.seq, j.part, j.kind, j.object_id, j.op_id, p.record, j.payload
FROM (SELECT * FROM journal WHERE (xid, seq) > ($1::xid8, $2::int8) AND xid < pg_snapshot_xmin(pg_current_snapshot())
      ORDER BY xid, seq LIMIT $3::int8) j
LEFT JOIN op p ON p.object_id = j.object_id AND p.op_id = j.op_id
ORDER BY j.xid, j.seq
