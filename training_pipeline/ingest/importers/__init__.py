"""Real data sets and anybody's tables as the contract's three tables, one source a file."""
