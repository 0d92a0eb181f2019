"""A deployment for commands over tasks and workers: TaskRouter by HTTP, tables and the secret as moto has them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import pytest
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.core.models import botocore_stubber

from tests.contract.tables import CONTACT_CACHE, SYNC_STATE, Aws, aws_client
from twilio_bridge_cli.deployments import Deployment
from twilio_bridge_local.vendors.faults import Faults
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

ACCOUNT_SID, TOKEN, WORKSPACE = "AC" + "0" * 32, "12345", "WS" + "1" * 32


@contextmanager
def make_tables(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """Make the template's tables in this process."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "nobody")
    BackendDict.reset()
    reset_model_data()
    with patch.object(botocore_stubber, "enabled", True), Aws() as found:
        yield found


def make_deployment(twilio: TwilioStandIn) -> Deployment:
    """Empty Twilio's account and return the deployment that has its login in a secret; it needs the tables."""
    twilio.reset()
    twilio.faults = Faults()
    secret = {"TWILIO_ACCOUNT_SID": ACCOUNT_SID, "TWILIO_AUTH_TOKEN": TOKEN}
    aws_client("secretsmanager").create_secret(Name="local/twilio", SecretString=json.dumps(secret))

    variables = {"TWILIO_WORKSPACE_SID": WORKSPACE, "TWILIO_ENDPOINT_URL": twilio.url}
    outputs = {"SyncStateTable": SYNC_STATE, "ContactCacheTable": CONTACT_CACHE}
    return Deployment("local", outputs, {"AWS_REGION": "eu-west-1"}, is_local=True, variables=variables)
