"""What may be asked about whom the business knows, one module a noun."""
