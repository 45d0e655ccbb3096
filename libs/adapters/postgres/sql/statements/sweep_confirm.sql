SELECT e FROM sweep_confirm($1::int4) e
