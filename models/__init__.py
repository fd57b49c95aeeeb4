"""Algorithms, one a file; the registry, exact top-n, the policy and the artifact."""
