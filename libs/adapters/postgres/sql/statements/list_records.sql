-- By op id alone, which leaves one index to choose; the object is tested, not searched.
SELECT p.record FROM op p WHERE p.op_id = ANY ($2::uuid[]) AND (p.object_id = $1::uuid) IS TRUE
