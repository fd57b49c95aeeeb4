"""Lists that were answered: their log, its packed blocks and its tables."""
