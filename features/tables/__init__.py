"""The data contract: sources, schemas, checks, quarantine, fingerprint, dataset."""
