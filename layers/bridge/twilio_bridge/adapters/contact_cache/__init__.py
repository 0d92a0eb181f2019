"""The table ContactCache: sorted maps of contacts, loaded a generation at a time."""
