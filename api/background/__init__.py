"""What runs between requests."""
