"""Train the linear models (abuse, spam), adapt them to verdicts, and fit the ensemble."""
