"""Authentication, request bodies, errors and headers."""
