SELECT b.body_id, b.encoding_id, b.scheme, b.k, b.n, b.header, b.ct_root, b.missing
FROM unnest($1::uuid[]) u(encoding_id) JOIN body b ON b.pg = pg_of(u.encoding_id) AND b.encoding_id = u.encoding_id AND b.state = 1
