"""Train models on labelled texts. The service does not import this package."""
