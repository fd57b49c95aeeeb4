"""The HTTP service: settings, schemas, the model in memory and its routes."""
