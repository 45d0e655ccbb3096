SELECT b.body_id, b.bucket, b.state = 1
FROM unnest($1::uuid[]) u(body_id) JOIN body b ON b.body_id = u.body_id
