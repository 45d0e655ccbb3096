SELECT body_id, encoding_id, scheme, k, n, header, ct_root, missing FROM body
WHERE (pg, encoding_id) > ($1::int2, $2::uuid) AND pg <= $3::int2 AND encoding_id IS NOT NULL AND state = 1
ORDER BY pg, encoding_id LIMIT $4::int4
