"""Persons: show, split, erase."""
