"""The store's schema, one step a file in `versions/`; run by `saldopas.store.engine`."""
