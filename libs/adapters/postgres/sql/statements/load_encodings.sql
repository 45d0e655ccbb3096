-- Encoding ids that are taken: true, by a tombstone; false, by a body.
SELECT w.encoding_id, true
FROM unnest($1::uuid[]) u(encoding_id) JOIN swept w ON w.encoding_id = u.encoding_id
UNION ALL
SELECT b.encoding_id, false
FROM unnest($1::uuid[]) u(encoding_id) JOIN body b ON b.pg = pg_of(u.encoding_id) AND b.encoding_id = u.encoding_id
