"""Measure models and policies on labelled comments, compare models, and fit thresholds."""
