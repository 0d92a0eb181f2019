"""A request is taken in and its list becomes rows."""
