-- What the placement of groups depends on besides stores: the widest encodings, those from before a change of scheme too, and whether
-- any is there.
SELECT max(w.n)::int4, min(w.m)::int4, EXISTS (SELECT FROM body WHERE encoding_id IS NOT NULL)
FROM (SELECT default_k + default_m AS n, default_m AS m FROM site_self
      UNION ALL
      SELECT coalesce(b.k, s.default_k) + coalesce(b.m, s.default_m), coalesce(b.m, s.default_m) FROM bucket b, site_self s
      UNION ALL
      SELECT n, m FROM recode) w
