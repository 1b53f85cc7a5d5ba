"""Decide about whole files of comments, on this machine or on a cluster."""
