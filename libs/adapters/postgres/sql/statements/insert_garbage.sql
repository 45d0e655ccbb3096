INSERT INTO garbage (body_id, since) SELECT b, clock_timestamp() FROM unnest($1::uuid[]) b
