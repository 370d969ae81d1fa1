"""What a fitted channel model says."""
