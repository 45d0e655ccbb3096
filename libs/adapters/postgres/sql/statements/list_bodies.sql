SELECT b.body_id, b.key_epoch, b.header, b.ct_root, b.wrapped_dek, b.scheme, b.k, b.n, b.encoding_id, b.missing,
       coalesce(b.inline_ct, i.ct)
FROM body b LEFT JOIN inline_ct i ON i.day = b.inline_day AND i.body_id = b.body_id
WHERE b.body_id = ANY ($1::uuid[])
