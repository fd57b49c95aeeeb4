"""Reasons: evidence, explanation and wording."""
