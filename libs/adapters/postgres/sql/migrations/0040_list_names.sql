-- Pages of names: bound ones that begin with p_prefix, behind p_after, in byte order. Names that have p_delimiter behind the prefix are
-- not listed one by one, but as the common prefix up to the first of them: a row without an object. Behind one of those the next name is
-- sought, not read up to. p_limit rows at most; a common prefix that is p_after itself was listed before.
CREATE FUNCTION common_prefix(p_name text, p_prefix text, p_delimiter text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN p_delimiter <> '' AND place > 0 THEN left(p_name, length(p_prefix) + place - 1 + length(p_delimiter)) END
  FROM strpos(substr(p_name, length(p_prefix) + 1), p_delimiter) place
$$;

CREATE FUNCTION list_names(p_bucket int4, p_prefix text, p_after text, p_delimiter text, p_limit int8)
RETURNS TABLE (o_name text, o_hlc int8, o_wid int8, o_object uuid, o_op_object uuid, o_op uuid, o_current bool, o_gone int8)
LANGUAGE plpgsql STABLE AS $$
DECLARE
  tail text := repeat(chr(1114111), 257);  -- no name has as many of the greatest character
  above text := p_after;
  common text;
  b binding;
  n int8 := 0;
BEGIN
  LOOP
    common := NULL;
    FOR b IN SELECT * FROM binding t
             WHERE t.bucket = p_bucket AND t.name >= p_prefix AND t.name < p_prefix || tail AND t.name > above
               AND t.object_id IS NOT NULL
             ORDER BY t.name LOOP
      common := common_prefix(b.name, p_prefix, p_delimiter);
      EXIT WHEN common IS NOT NULL;
      RETURN QUERY VALUES (b.name, b.hlc, b.wid, b.object_id, b.op_object, b.op_id, true, 0::int8);
      n := n + 1;
      EXIT WHEN n = p_limit;
    END LOOP;
    EXIT WHEN common IS NULL;
    above := common || tail;
    CONTINUE WHEN common = p_after;
    RETURN QUERY VALUES (common, 0::int8, 0::int8, NULL::uuid, NULL::uuid, NULL::uuid, true, 0::int8);
    n := n + 1;
    EXIT WHEN n = p_limit;
  END LOOP;
END $$;

-- The same as of p_hlc: each name's value as resolve_name_as_of has it. A name may live on in its past only.
CREATE FUNCTION list_names_as_of(p_bucket int4, p_prefix text, p_after text, p_delimiter text, p_limit int8, p_hlc int8)
RETURNS TABLE (o_name text, o_hlc int8, o_wid int8, o_object uuid, o_op_object uuid, o_op uuid, o_current bool, o_gone int8)
LANGUAGE plpgsql STABLE AS $$
DECLARE
  tail text := repeat(chr(1114111), 257);
  above text := p_after;
  at_name text;
  common text;
  v record;
  n int8 := 0;
BEGIN
  WHILE n < p_limit LOOP
    SELECT min(t.name COLLATE "C") INTO at_name
    FROM ((SELECT b.name FROM binding b
           WHERE b.bucket = p_bucket AND b.name >= p_prefix AND b.name < p_prefix || tail AND b.name > above
           ORDER BY b.name LIMIT 1)
          UNION ALL
          (SELECT b.name FROM binding_past b
           WHERE b.bucket = p_bucket AND b.name >= p_prefix AND b.name < p_prefix || tail AND b.name > above
           ORDER BY b.name LIMIT 1)) t;
    EXIT WHEN at_name IS NULL;
    above := at_name;
    SELECT * INTO v
    FROM (SELECT b.hlc, b.wid, b.object_id, b.op_object, b.op_id, true AS current, 0::int8 AS gone FROM binding b
          WHERE b.bucket = p_bucket AND b.name = at_name AND b.hlc > 0 AND b.hlc <= p_hlc
          UNION ALL
          SELECT b.hlc, b.wid, b.object_id, b.op_object, b.op_id, false, coalesce(b.gone_hlc, 0) FROM binding_past b
          WHERE b.bucket = p_bucket AND b.name = at_name AND b.hlc <= p_hlc AND NOT b.dropped
            AND (b.gone_hlc IS NULL OR b.gone_hlc > p_hlc)) t
    ORDER BY t.hlc DESC, t.wid DESC LIMIT 1;
    CONTINUE WHEN v.object_id IS NULL;
    common := common_prefix(at_name, p_prefix, p_delimiter);
    IF common IS NULL THEN
      RETURN QUERY VALUES (at_name, v.hlc, v.wid, v.object_id, v.op_object, v.op_id, v.current, v.gone);
    ELSE
      above := common || tail;
      CONTINUE WHEN common = p_after;
      RETURN QUERY VALUES (common, 0::int8, 0::int8, NULL::uuid, NULL::uuid, NULL::uuid, true, 0::int8);
    END IF;
    n := n + 1;
  END LOOP;
END $$;
