"""The store while the service runs: look-ups, events, erasure and the log of served lists."""
