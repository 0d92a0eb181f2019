"""`filterClause`: conditions on an entity's columns, from their text to SQL with bound values."""
