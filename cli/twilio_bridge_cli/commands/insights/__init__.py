"""Attributes for Flex Insights: looked at, and filled in once more."""
