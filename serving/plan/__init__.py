"""`POST /plan`."""
