UPDATE pgroup SET checked = NULL WHERE checked IS NOT NULL
