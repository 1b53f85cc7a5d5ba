"""The newspaper's own app: articles, and letters with a form and a validator of its own."""
