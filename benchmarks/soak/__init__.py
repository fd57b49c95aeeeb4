"""`python -m benchmarks.soak`: the service under load while parts of it are taken away."""
