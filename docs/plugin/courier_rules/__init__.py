"""The house rules of the Courier."""
