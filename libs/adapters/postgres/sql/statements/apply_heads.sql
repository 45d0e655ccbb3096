-- By the places that lock_heads.sql found: the rows are locked, so they have not moved.
UPDATE region_head h SET max_hlc = greatest(h.max_hlc, u.max_hlc), opset = h.opset # u.opset
FROM unnest($1::tid[], $2::uuid[], $3::int4[], $4::int8[], $5::varbit[]) u(place, object_id, region, max_hlc, opset)
WHERE h.ctid = u.place AND h.object_id = u.object_id AND h.region = u.region
