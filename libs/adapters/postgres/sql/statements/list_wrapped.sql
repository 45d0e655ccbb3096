SELECT b.body_id, b.key_epoch, b.wrapped_dek FROM body b
WHERE b.bucket = (SELECT u.bucket FROM bucket u WHERE u.bucket_id = $1::uuid) AND b.key_epoch < $2::int4
  AND (b.key_epoch, b.body_id) > ($3::int4, $4::uuid) AND b.state = 1
ORDER BY b.key_epoch, b.body_id LIMIT $5::int4
