"""Who uses Frontline alone has no Brevo: what people say about being written to waits for nobody there."""

import json

from tests.integration.callbacks.conftest import ROOT
from tests.integration.support.conftest import Deploy


def test_words_end_where_there_is_no_brevo(deploy: Deploy) -> None:
    """Without its secret a STOP is done with, and does not come again for nine days."""
    event = json.loads((ROOT / "events/deliver_to_brevo/word.json").read_text())
    with deploy() as deployed:
        deployed.stack.client("secretsmanager").delete_secret(SecretId="local/brevo", ForceDeleteWithoutRecovery=True)
        outcome = deployed.stack.invoke("DeliverToBrevoFunction", event)
    assert {"batchItemFailures": []} == outcome.payload
    assert [] == deployed.brevo.requests
