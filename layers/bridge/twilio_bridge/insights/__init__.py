"""Attributes for Flex Insights: written to tasks and workers in time, without losing anybody's keys."""
