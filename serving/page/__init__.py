"""The participant's page and its data."""
