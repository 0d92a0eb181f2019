"""The stand-ins' credentials and a sample conversation; used by the local stack, its tests, and events/.

They are fixed because the sample events are signed with them and name them, and made up: no account has them.
"""

from typing import Final

TWILIO_ACCOUNT_SID: Final = "AC0000000000000000000000000000c0de"
TWILIO_AUTH_TOKEN: Final = "local-auth-token"  # noqa: S105  made up, see above
TWILIO_SMS_NUMBER: Final = "+15005550006"  # https://www.twilio.com/docs/iam/test-credentials
TWILIO_WHATSAPP_NUMBER: Final = f"whatsapp:{TWILIO_SMS_NUMBER}"

SAMPLE_FLEX_TOKEN: Final = "local.flex.token.of.jo"  # noqa: S105  made up, see above

SAMPLE_CHAT_SERVICE_SID: Final = "IS5a1e0000000000000000000000000001"
SAMPLE_CONVERSATION_SID: Final = "CH5a1e0000000000000000000000000001"
SAMPLE_PARTICIPANT_SID: Final = "MB5a1e0000000000000000000000000001"
SAMPLE_MESSAGING_SERVICE_SID: Final = "MG5a1e0000000000000000000000000001"
SAMPLE_CONTENT_SID: Final = "HX5a1e0000000000000000000000000001"
SAMPLE_ADDRESS: Final = "+447900000012"
SAMPLE_PROXY_ADDRESS: Final = "+15005550007"  # none that a demonstration uses: one open conversation a pair

AIRTABLE_BASE_ID: Final = "appLocalStandIn01"
AIRTABLE_WEBHOOK_SECRET: Final = "bG9jYWwtd2ViaG9vay1zZWNyZXQ="  # noqa: S105  made up, see above; signs the sample ping
AIRTABLE_TOKEN: Final = "patLocalStandIn01.local-airtable-token"  # noqa: S105  made up, see above

BREVO_API_KEY: Final = "xkeysib-local-brevo-key"  # made up, see above

AWS_ACCOUNT_ID: Final = "123456789012"
AWS_REGION: Final = "us-east-1"
AWS_ACCESS_KEY_ID: Final = "local"
AWS_SECRET_ACCESS_KEY: Final = "local"  # noqa: S105  made up, see above
