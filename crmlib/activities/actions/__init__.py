"""What may be done with activities, one module a noun."""
