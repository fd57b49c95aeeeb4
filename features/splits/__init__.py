"""Temporal cuts and held-out decisions."""
