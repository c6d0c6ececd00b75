"""Changes to the tables of a database in use, one file a change in `versions/`, never edited once released."""
