"""Figures: quality on real purchases, and timings beside peers in the same run."""
