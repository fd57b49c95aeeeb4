"""What release e7ca9b3 answered, kept as data; see `make_corpus` and `test_frozen`."""
