"""Train the linear models: abuse and spam, and what adapts or combines them."""
