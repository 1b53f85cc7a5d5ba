"""Move from Perspective: turn its thresholds into a policy, and compare its scores with ours."""
