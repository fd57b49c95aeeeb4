"""Answers for many: lists, plans, participants at risk."""
