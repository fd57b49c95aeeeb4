"""How far new data has moved from old: profiles, prices, catalogue, purchases, recommendations."""
