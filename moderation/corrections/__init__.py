"""Suggest corrections of a comment: capitals, spelled-out abbreviations, or all safe ones."""
