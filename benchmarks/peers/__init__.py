"""What `benchmarks.sem` runs: the cases, and one worker process for each program."""
