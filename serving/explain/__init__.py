"""`POST /explain` and `/courses/{id}/similar`."""
