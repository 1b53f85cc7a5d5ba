"""Measure what the service does: metrics for Prometheus, and logs."""
