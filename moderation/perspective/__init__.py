"""Move from Google's Perspective API: turn its thresholds into a policy, compare its scores."""
