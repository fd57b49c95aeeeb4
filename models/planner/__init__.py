"""Plans: sets of courses that use a balance up."""
