"""What every route shares: errors, keys, limits, headers, JSON, metrics."""
