-- Locks in the order of ids, so that two rotations of a bucket wait for each other instead of meeting in a deadlock. What was changed
-- meanwhile is judged as it is then: a lock that was waited for looks at the row anew.
WITH wanted AS MATERIALIZED (
  SELECT u.body_id, u.old_dek, u.wrapped_dek FROM unnest($3::uuid[], $4::bytea[], $5::bytea[]) u(body_id, old_dek, wrapped_dek)),
locked AS MATERIALIZED (
  SELECT b.body_id, w.wrapped_dek FROM wanted w JOIN body b ON b.body_id = w.body_id
  WHERE b.bucket = (SELECT u.bucket FROM bucket u WHERE u.bucket_id = $1::uuid)
    AND b.wrapped_dek = w.old_dek AND b.key_epoch < $2::int4 AND b.state = 1
  ORDER BY b.body_id FOR NO KEY UPDATE OF b)
UPDATE body b SET wrapped_dek = l.wrapped_dek, key_epoch = $2::int4 FROM locked l WHERE b.body_id = l.body_id
