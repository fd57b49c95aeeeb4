"""The policy: stages, rules, exploration, calibration."""
