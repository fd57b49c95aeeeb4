"""`POST /recommend` and `/recommend/batch`."""
