-- XOR over the content ops of the whole object: per region in the heads, of spans in the object's row. A row, as object_size.
CREATE FUNCTION object_opset(p_obj uuid) RETURNS TABLE (opset bit(128))
LANGUAGE sql STABLE ROWS 1 AS $$
  SELECT o.opset # coalesce((SELECT bit_xor(h.opset) FROM region_head h WHERE h.object_id = p_obj), 0::bit(128))
  FROM object o WHERE o.object_id = p_obj
$$;
