"""Read a comment's text once: normalise it, split it, and undo disguised spellings."""
