"""The stack's secrets, without a file that holds one."""
