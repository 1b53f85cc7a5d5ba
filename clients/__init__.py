"""Clients for the House rules API in Python, JavaScript and WordPress. Each is one file to copy."""
