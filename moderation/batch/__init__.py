"""Decide about files of comments: rows, workers, and the backends that run the workers."""
