SELECT sweep_forget($1::int4)
