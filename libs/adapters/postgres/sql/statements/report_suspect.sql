INSERT INTO suspect (encoding_id)
SELECT b.encoding_id FROM body b WHERE b.pg = pg_of($1::uuid) AND b.encoding_id = $1::uuid AND b.state = 1 ON CONFLICT DO NOTHING
