-- In a versioned bucket every past binding still holds its object.
SELECT EXISTS (SELECT FROM binding WHERE bucket = $1::int4 AND object_id IS NOT NULL)
    OR (SELECT versioning FROM bucket WHERE bucket = $1::int4)
       AND EXISTS (SELECT FROM binding_past WHERE bucket = $1::int4 AND object_id IS NOT NULL)
