"""Offline work: ingest, training, evaluation, gate, tracking, scoring and the command line."""
