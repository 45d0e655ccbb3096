SELECT journal_expire()
