"""The environment of a function's process: what the template gives it, what Lambda sets, and nothing else.

Used by the stack. Nothing of the developer's environment gets through except PATH and LANG, so a function
that works here has all it needs in the template.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

import os
import secrets
from datetime import UTC, datetime

from twilio_bridge_local.aws.server import CREDENTIALS
from twilio_bridge_local.credentials import AWS_REGION
from twilio_bridge_local.template.bundle import Function


def lambda_environment(function: Function, *, aws_url: str, invoke_url: str, bridge_config: str = "") -> dict[str, str]:
    """All variables of the function's process; `bridge_config` is set only where one was given."""
    stream = f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]{secrets.token_hex(16)}"
    runtime = {
        **CREDENTIALS,
        "AWS_ACCESS_KEY_ID": function.name,  # so that the embedded AWS knows who asks
        "AWS_DEFAULT_REGION": AWS_REGION,
        "AWS_ENDPOINT_URL": aws_url,
        "AWS_ENDPOINT_URL_LAMBDA": invoke_url,
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_REGION": AWS_REGION,
        "LAMBDA_TASK_ROOT": str(function.folder),
        "LANG": os.environ.get("LANG", "en_US.UTF-8"),
        "PATH": os.environ.get("PATH", os.defpath),
        "TZ": ":UTC",
        "_HANDLER": function.handler,
    }
    own = {"BRIDGE_CONFIG": bridge_config} if bridge_config else {}
    return {**function.environment, **own, **runtime}
