"""The model that a worker holds: load, swap, version."""
