"""Panels of media: reading, checking, simulating."""
