-- The expression is that of the index.
SELECT body_id, encoding_id, scheme, k, n, header, ct_root, missing FROM body
WHERE missing <> 0 AND state = 1 AND ((n - k - bit_count(missing::bit(64)))::int2, body_id) > ($1::int2, $2::uuid)
ORDER BY (n - k - bit_count(missing::bit(64)))::int2, body_id LIMIT $3::int4
