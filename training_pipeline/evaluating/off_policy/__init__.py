"""What would another policy have earned? Estimated from lists served with known chances."""
