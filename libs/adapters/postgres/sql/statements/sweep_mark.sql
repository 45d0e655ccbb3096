SELECT e FROM sweep_mark($1::uuid[]) e
