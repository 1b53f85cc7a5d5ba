"""Move from Perspective: its thresholds as a policy, and the differences between both."""
