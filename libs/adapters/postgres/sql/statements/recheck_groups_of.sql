UPDATE pgroup SET checked = NULL WHERE checked IS NOT NULL AND ($1::int4 = ANY (stores) OR $1::int4 = ANY (prev))
