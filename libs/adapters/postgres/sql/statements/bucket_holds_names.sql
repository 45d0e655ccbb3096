-- Versions that are not current hold their objects too, and delete markers are versions.
SELECT EXISTS (SELECT FROM binding WHERE bucket = $1::int4 AND hlc > 0 AND (object_id IS NOT NULL OR versioning <> 0))
    OR EXISTS (SELECT FROM binding_past WHERE bucket = $1::int4 AND gone_hlc IS NULL AND NOT dropped)
