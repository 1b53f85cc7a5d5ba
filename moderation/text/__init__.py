"""Read a comment once: clean text, sentences, tokens, and disguised spellings."""
