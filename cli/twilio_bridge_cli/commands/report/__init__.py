"""The figures of queues and workers."""
