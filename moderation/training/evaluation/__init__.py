"""Measure models and policies: metrics by set and slice, comparisons, thresholds and reports."""
