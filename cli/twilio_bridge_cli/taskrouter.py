"""TaskRouter as a command reaches it: with a deployment's login, and in the turns that none of its functions needs."""

from dataclasses import dataclass

from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.configuration import Configuration
from twilio_bridge.adapters.state.limiter import SlotLimiter, pace_for
from twilio_bridge.adapters.twilio.tasks import TaskRouterRequests
from twilio_bridge.config.schema import Config
from twilio_bridge.wiring.base import build_account
from twilio_bridge.wiring.insights import SYSTEM
from twilio_bridge.wiring.status import build_twilio_setup
from twilio_bridge_cli.deployments import Deployment, open_state, read_settings
from twilio_bridge_cli.errors import CommandError

_NO_WORKSPACE = "Deploy with TwilioWorkspaceSid, or activate Flex for this account."


@dataclass(frozen=True, slots=True)
class TaskRouter:
    """A deployment's workspace: requests to it, its table SyncState, and the configuration in force."""

    workspace_sid: str
    requests: TaskRouterRequests
    state: Table
    settled: Config


def open_taskrouter(deployment: Deployment, region: str | None) -> TaskRouter:
    """Return the workspace, under the limit that the deployment's functions share."""
    settings, state = read_settings(deployment, region), open_state(deployment, region)
    workspace_sid = settings.twilio_workspace_sid or build_twilio_setup(settings).fetch_flex().workspace_sid
    if not workspace_sid:
        raise CommandError("Neither Flex nor TWILIO_WORKSPACE_SID names a workspace.", _NO_WORKSPACE)

    settled = Configuration(state, settings.bridge_config).current()
    pace = pace_for(settled.insights.requests_per_s)
    limiter = SlotLimiter(state, SYSTEM, workspace_sid, bulk=True, pace=pace)
    account = build_account(settings, settings.twilio_login)
    return TaskRouter(workspace_sid, TaskRouterRequests(account, workspace_sid, limiter), state, settled)
