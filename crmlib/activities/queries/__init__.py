"""What may be asked about activities, one module a question."""
