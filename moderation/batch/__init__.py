"""Judge files of comments: rows, workers, and the backends that run them."""
