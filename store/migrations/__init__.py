"""The store's schema, one step a file in `versions/`; run by `features.store_upgrade`."""
