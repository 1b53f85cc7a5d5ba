"""Train the language model."""
