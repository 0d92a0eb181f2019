"""TaskRouter's tasks and workers."""
