"""Train models on labelled comments, and measure them. The service does not import this package."""
