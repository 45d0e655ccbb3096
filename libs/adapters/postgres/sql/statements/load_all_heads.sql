-- Over all regions of objects: for spans and conditions, which hold them alone.
SELECT h.object_id, max(h.max_hlc), bit_xor(h.opset)
FROM unnest($1::uuid[]) u(object_id) JOIN region_head h ON h.object_id = u.object_id
GROUP BY h.object_id
