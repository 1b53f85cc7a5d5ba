"""The lifecycle of models: comparison, promotion, shadow runs, drift, and replay of decisions."""
