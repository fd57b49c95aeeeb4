"""Who asks, when and with which balance: participants, requests and batches of requests."""
