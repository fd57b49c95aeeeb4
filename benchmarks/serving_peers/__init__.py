"""Servers beside ours: the same kernel on the artifact's snapshot, without a store."""
