"""What every request passes: authentication, the body, errors and headers."""
