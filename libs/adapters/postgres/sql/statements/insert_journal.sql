-- In the order of the arrays: seq is taken row by row.
INSERT INTO journal (part, kind, object_id, op_id)
SELECT * FROM unnest($1::int2[], $2::int2[], $3::uuid[], $4::uuid[])
