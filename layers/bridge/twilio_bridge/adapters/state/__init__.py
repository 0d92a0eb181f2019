"""The table SyncState: a module a kind of item."""
