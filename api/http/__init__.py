"""Handle what all routes share: authentication, request bodies, errors and headers."""
