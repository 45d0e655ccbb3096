-- The time after the switch: whoever lists from now on sees the new one.
INSERT INTO retired (encoding_id, body_id, n, since) VALUES ($1::uuid, $2::uuid, $3::int2, clock_timestamp())
