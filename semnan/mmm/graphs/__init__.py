"""Channel graphs: what acts on what, which effects are identified, and graphs learnt from media."""
