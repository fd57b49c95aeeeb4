"""What the models may see: tables, contracts, matrices and masks. Knows no model."""
