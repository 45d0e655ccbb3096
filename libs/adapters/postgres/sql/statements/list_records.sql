SELECT p.record FROM unnest($2::uuid[]) u(op_id) JOIN op p ON p.op_id = u.op_id AND p.object_id = $1::uuid
