"""Off-policy estimation: the value of another policy, from lists served with known chances."""
