-- Uploads in parts, while they last. An object that a part names is not reaped (may_reap); what it named goes when its time is over.
CREATE INDEX upload_name ON upload (bucket, name, upload_id);
CREATE INDEX upload_expires ON upload (expires);
CREATE INDEX upload_part_object ON upload_part (object_id);
ALTER TABLE upload ALTER expires SET DEFAULT now() + interval '7 days';

-- Sets a part, in place of the one of its number that is there. 0 done, 1 there is no such upload, 2 the object is none that a part may
-- name. The object is locked before it is looked at, as reap does it, and before the upload, as a Commit that completes one does it.
CREATE FUNCTION set_part(p_bucket int4, p_upload uuid, p_part int4, p_object uuid, p_size int8, p_meta bytea) RETURNS int4
LANGUAGE plpgsql AS $$
DECLARE
  replaced uuid;
BEGIN
  PERFORM FROM object o WHERE o.object_id = p_object FOR KEY SHARE;
  PERFORM FROM upload u WHERE u.upload_id = p_upload AND u.bucket = p_bucket FOR KEY SHARE;
  IF NOT FOUND THEN
    RETURN 1;
  END IF;
  PERFORM FROM object o WHERE o.object_id = p_object AND o.bucket = p_bucket AND o.state = 0 AND o.sealed;
  IF NOT FOUND THEN
    RETURN 2;
  END IF;
  SELECT p.object_id INTO replaced FROM upload_part p WHERE p.upload_id = p_upload AND p.part_no = p_part FOR UPDATE;
  INSERT INTO upload_part (upload_id, part_no, object_id, size, meta) VALUES (p_upload, p_part, p_object, p_size, p_meta)
  ON CONFLICT (upload_id, part_no) DO UPDATE SET object_id = excluded.object_id, size = excluded.size, meta = excluded.meta;
  UPDATE object o SET expires = '-infinity' WHERE o.object_id = replaced AND replaced <> p_object AND o.state = 0;
  RETURN 0;
END $$;

-- Whoever calls holds the upload FOR UPDATE: no part comes any more.
CREATE FUNCTION forget_upload(p_upload uuid) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE object o SET expires = '-infinity' FROM upload_part p
  WHERE p.upload_id = p_upload AND o.object_id = p.object_id AND o.state = 0;
  DELETE FROM upload u WHERE u.upload_id = p_upload;
END $$;

-- False if there is no such upload.
CREATE FUNCTION abort_upload(p_bucket int4, p_upload uuid) RETURNS bool
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM upload u WHERE u.upload_id = p_upload AND u.bucket = p_bucket FOR UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM forget_upload(p_upload);
  RETURN true;
END $$;
