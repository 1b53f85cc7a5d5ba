"""Clients for the House rules API in Python and JavaScript, and a plug-in for WordPress."""
