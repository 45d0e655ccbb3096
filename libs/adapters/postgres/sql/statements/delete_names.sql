DELETE FROM binding t USING unnest($1::int4[], $2::text[]) u(bucket, name) WHERE t.bucket = u.bucket AND t.name = u.name
