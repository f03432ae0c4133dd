"""Views of sales: the pipeline as a board."""
