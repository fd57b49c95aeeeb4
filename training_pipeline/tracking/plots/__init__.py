"""Figures of a training: drawn from the record alone, no participant in them."""
