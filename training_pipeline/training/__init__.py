"""Choose models on validation, fit on everything, record the run."""
