"""Offline: command line, ingest, sample, split, evaluate, promote, tracking."""
