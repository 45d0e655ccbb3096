SELECT p.part_no, p.object_id, p.size, p.meta
FROM upload_part p WHERE p.upload_id = $1::uuid AND p.part_no > $2::int4 ORDER BY p.part_no LIMIT $3::int8
