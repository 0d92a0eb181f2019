"""How large a test that proves a claim is: small in `make test`, full in `make prove`.

A test with two sizes carries `@pytest.mark.prove`; `make prove` runs those alone, at their full size.
"""

import os

IS_PROVING = os.environ.get("PROVE") == "1"


def size(small: int, full: int) -> int:
    """Return the size for this run."""
    return full if IS_PROVING else small
