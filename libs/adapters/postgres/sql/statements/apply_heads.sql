UPDATE region_head h SET max_hlc = greatest(h.max_hlc, u.max_hlc), opset = h.opset # u.opset
FROM unnest($1::uuid[], $2::int4[], $3::int8[], $4::varbit[]) u(object_id, region, max_hlc, opset)
WHERE h.object_id = u.object_id AND h.region = u.region
