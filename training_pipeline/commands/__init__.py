"""One file a command: what it takes, what it prints. The work is done in its neighbours."""
