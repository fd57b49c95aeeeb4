"""Scores to probabilities: the curves, how well they hold, and their figure."""
