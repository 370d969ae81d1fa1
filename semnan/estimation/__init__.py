"""Estimation: discrepancies, optimisers, estimates and their inference."""
