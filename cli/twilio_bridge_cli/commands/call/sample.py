"""Names from the local stack's sample data, so that a call without options has an answer there.

They never leave this machine: a call to any other address names its own worker and customer.
"""

from typing import Final

TOKEN: Final = "local-auth-token"  # noqa: S105  made up: the local stack's, nobody else's
ACCOUNT_SID: Final = "AC0000000000000000000000000000c0de"
WORKER: Final = "jo@example.com"
CUSTOMER_ID: Final = "reci0VpEBOWfbZAVa"
ADDRESS: Final = "+447900000012"
CONVERSATION_SID: Final = "CH5a1e0000000000000000000000000001"
PARTICIPANT_SID: Final = "MB5a1e0000000000000000000000000001"
OUR_NUMBER: Final = "+15005550006"
