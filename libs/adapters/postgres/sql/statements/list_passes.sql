SELECT p.kind, (extract(epoch FROM p.ended) * 1000)::int8, p.took_ms, p.trouble, u.what, u.done
FROM collector_pass p LEFT JOIN LATERAL unnest(p.what, p.counts) u(what, done) ON true
ORDER BY p.kind, u.what
