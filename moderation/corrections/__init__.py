"""Corrections to suggest: capitals, spelled-out words, and all safe corrections at once."""
