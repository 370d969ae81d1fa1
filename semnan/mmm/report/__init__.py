"""The HTML report of a fitted channel model."""
