"""The channel model: its equations, likelihood, and search."""
