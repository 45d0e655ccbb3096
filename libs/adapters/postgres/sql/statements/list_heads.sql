SELECT region, max_hlc FROM region_head
WHERE object_id = $1::uuid AND region >= $2::int4 AND region <= $3::int4 AND max_hlc > 0 ORDER BY region
