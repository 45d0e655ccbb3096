-- Whether destructive work may run on timeline $2 now: if it was thawed already, or $1 was the one thawed last. The function
-- thaw() thaws whatever timeline is the current one.
WITH changed AS (
  UPDATE site_self SET thawed_timeline = $2::int4
  WHERE thawed_timeline IN ($1::int4, $2::int4) AND wal_timeline() = $2::int4
  RETURNING 1)
SELECT EXISTS (SELECT FROM changed)
