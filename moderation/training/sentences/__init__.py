"""Train the sentences model: a tagger of roles and a classifier of full sentences."""
