"""The artifact: write, load, verify, erase."""
