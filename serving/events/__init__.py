"""`POST /events`."""
