"""Plans from an artifact on the command line."""
