-- F: the order below which nothing more can arrive at this site.
CREATE FUNCTION frontier() RETURNS int8
LANGUAGE sql STABLE AS $$
  SELECT least((SELECT floor_hlc FROM site_self),
               coalesce((SELECT min(floor_hlc) FROM peer WHERE NOT evicted), 9223372036854775807))
$$;
