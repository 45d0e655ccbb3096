SELECT lo, hi, hlc, wid, body_id, from_object, inner_off, op_id
FROM list_extents($1::uuid, $2::int8, $3::int8) ORDER BY lo LIMIT $4::int8
