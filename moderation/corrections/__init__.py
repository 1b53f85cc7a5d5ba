"""What to write instead: capitals, spelled-out words, and all safe corrections at once."""
