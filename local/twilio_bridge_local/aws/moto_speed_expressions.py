"""Where moto's DynamoDB reads its expressions again and again, and what makes it read them once.

- An update's clauses are counted anew below each part of its expression. Here they are counted once.
"""

from moto.dynamodb.parsing.validators import ActionCountValidator


def speed_up_expressions() -> None:
    """Let moto's DynamoDB read each expression once."""
    ActionCountValidator.traverse = ActionCountValidator.verify_action_counts
