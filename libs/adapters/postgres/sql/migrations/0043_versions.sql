-- Versions can be enabled and suspended at any time: a bucket says whether it keeps them (0 never enabled, 1 enabled, 2 suspended), and a
-- binding under which of these it was made: 1 it is a version of its own, else the null version of its name.
ALTER TABLE bucket ALTER versioning DROP DEFAULT;
ALTER TABLE bucket ALTER versioning TYPE int2 USING versioning::int;
ALTER TABLE bucket ALTER versioning SET DEFAULT 0;
ALTER TABLE bucket ADD CHECK (versioning IN (0, 1, 2));
ALTER TABLE binding ADD versioning int2 NOT NULL DEFAULT 0;
ALTER TABLE binding_past ADD versioning int2 NOT NULL DEFAULT 0;
UPDATE binding t SET versioning = 1 FROM bucket b WHERE b.bucket = t.bucket AND b.versioning = 1;
UPDATE binding_past t SET versioning = 1 FROM bucket b WHERE b.bucket = t.bucket AND b.versioning = 1;
-- The past null version of a name, which a binding made while versions are suspended replaces: at most one.
CREATE INDEX binding_past_null ON binding_past (bucket, name) WHERE versioning <> 1 AND gone_hlc IS NULL AND NOT dropped;

-- From now on it holds the record of the newest META op.
UPDATE object o SET meta = p.record FROM op p WHERE o.meta_hlc > 0 AND p.object_id = o.object_id AND p.hlc = o.meta_hlc AND p.wid = o.meta_wid;

-- Versions of p_name, the newest first: at most p_limit, of orders below (p_hlc, p_wid). What was unbound before there were versions is
-- none, nor is what lives on in history only.
CREATE FUNCTION versions_of(p_bucket int4, p_name text, p_hlc int8, p_wid int8, p_limit int8)
RETURNS TABLE (o_name text, o_hlc int8, o_wid int8, o_object uuid, o_op_object uuid, o_op uuid, o_current bool, o_versioning int2)
LANGUAGE sql STABLE AS $$
  SELECT t.* FROM (
    SELECT b.name, b.hlc, b.wid, b.object_id, b.op_object, b.op_id, true, b.versioning FROM binding b
    WHERE b.bucket = p_bucket AND b.name = p_name AND b.hlc > 0 AND (b.object_id IS NOT NULL OR b.versioning <> 0)
      AND (b.hlc, b.wid) < (p_hlc, p_wid)
    UNION ALL
    (SELECT b.name, b.hlc, b.wid, b.object_id, b.op_object, b.op_id, false, b.versioning FROM binding_past b
     WHERE b.bucket = p_bucket AND b.name = p_name AND (b.hlc, b.wid) < (p_hlc, p_wid) AND b.gone_hlc IS NULL AND NOT b.dropped
     ORDER BY b.hlc DESC, b.wid DESC LIMIT p_limit)) t
  ORDER BY t.hlc DESC, t.wid DESC LIMIT p_limit
$$;

-- Pages of versions: of names that begin with p_prefix, behind p_after, in byte order, of each the newest first; and before them those of
-- p_after itself below (p_hlc, p_wid), if that is given. Common prefixes as in list_names. Every name that has versions has a row in
-- binding: the newest.
CREATE FUNCTION list_versions(p_bucket int4, p_prefix text, p_after text, p_hlc int8, p_wid int8, p_delimiter text, p_limit int8)
RETURNS TABLE (o_name text, o_hlc int8, o_wid int8, o_object uuid, o_op_object uuid, o_op uuid, o_current bool, o_versioning int2)
LANGUAGE plpgsql STABLE AS $$
DECLARE
  tail text := repeat(chr(1114111), 257);  -- no name has as many of the greatest character
  kept bool := (SELECT b.versioning <> 0 FROM bucket b WHERE b.bucket = p_bucket);
  above text := p_after;
  common text;
  b binding;
  found int8;
  n int8 := 0;
BEGIN
  IF p_hlc IS NOT NULL AND starts_with(p_after, p_prefix) AND common_prefix(p_after, p_prefix, p_delimiter) IS NULL THEN
    RETURN QUERY SELECT * FROM versions_of(p_bucket, p_after, p_hlc, p_wid, p_limit);
    GET DIAGNOSTICS n = ROW_COUNT;
  END IF;
  WHILE n < p_limit LOOP
    common := NULL;
    FOR b IN SELECT * FROM binding t
             WHERE t.bucket = p_bucket AND t.name >= p_prefix AND t.name < p_prefix || tail AND t.name > above
               AND t.hlc > 0 AND (t.object_id IS NOT NULL OR t.versioning <> 0)
             ORDER BY t.name LOOP
      common := common_prefix(b.name, p_prefix, p_delimiter);
      EXIT WHEN common IS NOT NULL;
      IF kept THEN
        RETURN QUERY SELECT * FROM versions_of(p_bucket, b.name, 9223372036854775807, 0, p_limit - n);
        GET DIAGNOSTICS found = ROW_COUNT;
        n := n + found;
      ELSE
        RETURN QUERY VALUES (b.name, b.hlc, b.wid, b.object_id, b.op_object, b.op_id, true, b.versioning);
        n := n + 1;
      END IF;
      EXIT WHEN n >= p_limit;
    END LOOP;
    EXIT WHEN common IS NULL;
    above := common || tail;
    CONTINUE WHEN common = p_after;
    RETURN QUERY VALUES (common, 0::int8, 0::int8, NULL::uuid, NULL::uuid, NULL::uuid, NULL::bool, 0::int2);
    n := n + 1;
  END LOOP;
END $$;
