"""Replace models safely: compare and promote them, run them in shadow, replay, measure drift."""
