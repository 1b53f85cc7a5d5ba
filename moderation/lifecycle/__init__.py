"""Look after models in use: compare, promote, run in shadow, replay decisions, measure drift."""
