"""The routes of our own API, version 1."""
