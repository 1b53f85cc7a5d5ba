"""Text that is read once: clean text, sentences, tokens, and disguised spellings."""
