"""A dataset as arrays: course table, profile vocabulary, sequences, masks, snapshot."""
