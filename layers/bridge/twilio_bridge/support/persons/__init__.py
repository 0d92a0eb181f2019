"""Who it is: keys, persons, their interactions."""
