-- Objects; and which of the encodings $2 have a tombstone: their ids one behind the other, the same in every row. After
-- load_site.sql, which takes the transaction's id: a sweep waits for those whose ids are too old to have seen its tombstone.
SELECT o.object_id, o.bucket, o.state, o.sealed, o.depth, o.nbind, o.span_hlc, o.opset, o.meta_hlc, o.meta_wid, o.zero_floor,
       (SELECT string_agg(uuid_send(w.encoding_id), '') FROM unnest($2::uuid[]) e(id) JOIN swept w ON w.encoding_id = e.id)
FROM unnest($1::uuid[]) u(object_id) JOIN object o ON o.object_id = u.object_id
