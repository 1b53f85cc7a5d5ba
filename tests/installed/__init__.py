"""Tests of the package as it is installed from a wheel, and of upgrades."""
