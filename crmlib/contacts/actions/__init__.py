"""What may be done with whom the business knows, one module a noun."""
