-- What the placement of groups depends on besides stores: the widest encodings, and whether any is there.
SELECT max(coalesce(b.k, s.default_k) + coalesce(b.m, s.default_m))::int4, min(coalesce(b.m, s.default_m))::int4,
       max(s.default_k + s.default_m)::int4, min(s.default_m)::int4, EXISTS (SELECT FROM body WHERE encoding_id IS NOT NULL)
FROM site_self s LEFT JOIN bucket b ON true
