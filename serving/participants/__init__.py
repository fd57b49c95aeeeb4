"""`/participants/{id}`."""
