"""Invoked with the name of an Airtable table of workers, this brings their attributes to TaskRouter.

`{"table": "Agents"}` answers what would change, with `"apply": true` it is written (with `"force": true` under single
sign-on, too); `"workspace"` names another workspace than TWILIO_WORKSPACE_SID, or that of Flex. A run that
ends early is simply invoked again.
"""

from collections.abc import Mapping
from typing import Any

from twilio_bridge.entrypoints import http
from twilio_bridge.insights.worker_job import sync_table
from twilio_bridge.logs import logger
from twilio_bridge.wiring import insights, support


def lambda_handler(event: Mapping[str, Any], context: http.Context) -> dict[str, Any]:
    """Return what would change, or what was written; nothing is written where a row is wrong."""
    with http.limit_invocation(context):
        done = sync_table(
            insights.table_rows().list_rows(str(event["table"])),
            insights.workers(str(event.get("workspace", ""))),
            support.settled().insights,
            apply=event.get("apply") is True,
            force=event.get("force") is True,
        )
    logger.info("workers", extra={"to_write": done.get("to_write"), "results": done.get("results")})
    return done
