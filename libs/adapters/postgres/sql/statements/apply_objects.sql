-- Deltas and conditions on what the row says now, never what was loaded: another catalog may be unbinding the same object.
UPDATE object t SET
  state = CASE WHEN u.bound THEN 1 ELSE t.state END,
  expires = CASE WHEN u.bound THEN NULL ELSE t.expires END,
  sealed = t.sealed OR u.seal,
  nbind = t.nbind + u.bindings,
  unbound_hlc = CASE WHEN NOT u.renamed THEN t.unbound_hlc WHEN t.nbind + u.bindings = 0 THEN u.gone END,
  depth = greatest(t.depth, u.depth),
  span_hlc = greatest(t.span_hlc, u.span_hlc),
  opset = t.opset # u.opset,
  trunc_hlc = CASE WHEN (u.trunc_hlc, u.trunc_wid) > (t.trunc_hlc, t.trunc_wid) THEN u.trunc_hlc ELSE t.trunc_hlc END,
  trunc_wid = CASE WHEN (u.trunc_hlc, u.trunc_wid) > (t.trunc_hlc, t.trunc_wid) THEN u.trunc_wid ELSE t.trunc_wid END,
  trunc_len = CASE WHEN (u.trunc_hlc, u.trunc_wid) > (t.trunc_hlc, t.trunc_wid) THEN u.trunc_len ELSE t.trunc_len END,
  meta = CASE WHEN (u.meta_hlc, u.meta_wid) > (t.meta_hlc, t.meta_wid) THEN u.meta ELSE t.meta END,
  meta_hlc = CASE WHEN (u.meta_hlc, u.meta_wid) > (t.meta_hlc, t.meta_wid) THEN u.meta_hlc ELSE t.meta_hlc END,
  meta_wid = CASE WHEN (u.meta_hlc, u.meta_wid) > (t.meta_hlc, t.meta_wid) THEN u.meta_wid ELSE t.meta_wid END
FROM unnest($1::uuid[], $2::bool[], $3::bool[], $4::bool[], $5::int4[], $6::int8[], $7::int2[], $8::int8[], $9::varbit[],
            $10::int8[], $11::int8[], $12::int8[], $13::int8[], $14::int8[], $15::bytea[])
     u(object_id, bound, seal, renamed, bindings, gone, depth, span_hlc, opset,
       trunc_hlc, trunc_wid, trunc_len, meta_hlc, meta_wid, meta)
WHERE t.object_id = u.object_id
