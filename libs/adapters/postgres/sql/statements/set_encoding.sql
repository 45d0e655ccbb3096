UPDATE body SET scheme = $3::int2, k = $4::int2, n = $5::int2, encoding_id = $2::uuid, missing = $6::int8
WHERE body_id = $1::uuid AND state = 1
