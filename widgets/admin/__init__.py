"""Views of what a workspace is set up with."""
