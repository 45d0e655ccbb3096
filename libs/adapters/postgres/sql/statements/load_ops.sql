SELECT p.object_id, p.op_id, p.digest
FROM unnest($1::uuid[], $2::uuid[]) u(object_id, op_id)
JOIN op p ON p.object_id = u.object_id AND p.op_id = u.op_id
