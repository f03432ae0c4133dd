"""Views of contacts: the list of customers and the page of one."""
