"""How a deployment is: a probe a system, what each may find, and the status document."""
