-- A patch is merged and not listed any more a day after it was written at the latest, if it is merged soon; an hour more is for late ones.
SELECT inline_expire(((now() - interval '25 hours') AT TIME ZONE 'UTC')::date, $1::int4)
