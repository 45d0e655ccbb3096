-- What is left of its objects has no name: open ones expire, unbound ones are reaped.
WITH names AS (DELETE FROM binding WHERE bucket = $1::int4),
     past AS (DELETE FROM binding_past WHERE bucket = $1::int4),
     uploads AS (DELETE FROM upload WHERE bucket = $1::int4),
     recodes AS (DELETE FROM recode WHERE bucket = $1::int4)
DELETE FROM bucket WHERE bucket = $1::int4
