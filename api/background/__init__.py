"""Do the work that runs in the background of a worker, between requests."""
