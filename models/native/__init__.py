"""Ranking and plan search in machine code."""
