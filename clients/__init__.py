"""Clients of our own API, each a single file to copy: Python, JavaScript, WordPress."""
