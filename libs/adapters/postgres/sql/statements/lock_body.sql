-- With what its bucket says of receipts. Not FOR UPDATE: a clone, which holds it KEY SHARE, has nothing to do with encodings.
SELECT b.encoding_id, b.scheme, b.k, b.n, u.k, u.m, u.w, s.default_k, s.default_m
FROM body b JOIN bucket u ON u.bucket = b.bucket, site_self s
WHERE b.body_id = $1::uuid AND b.state = 1 AND b.encoding_id IS NOT NULL FOR NO KEY UPDATE OF b
