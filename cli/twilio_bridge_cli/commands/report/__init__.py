"""The figures of customers, queues and workers."""
