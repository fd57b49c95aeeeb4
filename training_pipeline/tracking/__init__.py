"""Runs, models and their aliases in MLflow; nothing else of the project imports it."""
