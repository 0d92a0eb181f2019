"""One signed callback, to the local stack or to a deployed one."""
