SELECT b.body_id, b.key_epoch, b.header, b.ct_root, b.wrapped_dek, b.scheme, b.k, b.n, b.encoding_id, b.missing, b.inline_ct
FROM unnest($1::uuid[]) u(body_id) JOIN body b ON b.body_id = u.body_id
