"""Every environment variable and secret the bridge reads, typed; the only module that knows their names.

A function asks only for the settings it uses, so it needs only those. A value stands in the environment, or under
the same name in one of the stack's secrets (a JSON object), whose id stands in the environment. A missing or malformed
one is a `SettingError` that names it and its form, never its value.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from twilio_bridge.errors import SettingError

ACCOUNT_SID = (r"AC[0-9A-Za-z]{32}", "AC and 32 letters or digits")
API_KEY_SID = (r"SK[0-9A-Za-z]{32}", "SK and 32 letters or digits")
SINK_SID = (r"DG[0-9A-Za-z]{32}", "DG and 32 letters or digits")
WORKSPACE_SID = (r"WS[0-9A-Za-z]{32}", "WS and 32 letters or digits")
REALM_SID = (r"JB[0-9A-Za-z]{32}", "JB and 32 letters or digits")
BASE_ID = (r"app[0-9A-Za-z]{14}", "app and 14 letters or digits")
BASE_URL = (r"https?://[^\s/?#]+(/[^\s?#]*)?", "an http or https address without query")
NUMBER = (r"(whatsapp:)?\+[1-9][0-9]{6,14}", "a number in E.164 form, such as +14155550100")
BASE64 = (r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", "base64, as Airtable gave it")
ANYTHING = (r"\S.*", "not empty")
# What template.yaml sets in place of a queue that belongs to a part (Frontline, Support) that is not deployed.
NO_QUEUE = "none"
TOKENS = (r".*[^\s,].*", "an auth token, or several with commas between them")
SHARED_KEYS = (r".*[^\s,].*", "<key id>=<secret>, or several with commas between them")
SHARED_KEY = re.compile(r"(?:([A-Za-z]\w*_sharedkey_\w+)=)?(\S.*)")
LABEL = (r"[a-z0-9-]+", "lower-case letters, digits and hyphens")
NODES = (r"[1-9]|[1-4][0-9]|50", "a whole number from 1 to 50")
SWITCH = (r"(?i:true|false)", "true or false")
SERVER = (r"[^\s/:@]+:[0-9]{1,5}", "host:port of the proxy")
AUTH_SCHEME = (r"BASIC|DIGEST|NONE", "BASIC, DIGEST or NONE")
SSL_TYPE = (r"AUTO|ALWAYS|NEVER|TUNNEL", "AUTO, ALWAYS, NEVER or TUNNEL")

ALIASES = {
    "TWILIO_ACCOUNT_SID": "ACCOUNT_SID",
    "TWILIO_AUTH_TOKEN": "AUTH_TOKEN",
    "AIRTABLE_TOKEN": "AIRTABLE_API_KEY",
    "PROXY_ENABLED": "proxy_enabled",
    "PROXY_AUTH_SCHEME": "proxy_auth_scheme",
    "PROXY_USER": "proxy_user",
    "PROXY_PASSWORD": "proxy_password",
    "PROXY_SSLTYPE": "proxy_ssltype",
}
# By the part of a setting's name before the first underscore.
SECRET_OF = {
    "TWILIO": "TWILIO_SECRET",
    "TASK": "TWILIO_SECRET",
    "AIRTABLE": "AIRTABLE_SECRET",
    "BREVO": "BREVO_SECRET",
}


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy between us and the vendors, and how to use it.

    Attributes:
        server: Host and port.
        auth_scheme: BASIC, DIGEST or NONE.
        ssl_type: ALWAYS speaks TLS with the proxy itself, the others do not. An https address is always reached by a
            tunnel, so that the proxy sees no credentials; an http address is forwarded, except that TUNNEL refuses it.
        ca_bundle: A file of certificate authorities in place of the usual ones.
    """

    server: str
    auth_scheme: str = "NONE"
    user: str = ""
    password: str = field(default="", repr=False)
    ssl_type: str = "AUTO"
    ca_bundle: str = ""

    @property
    def url(self) -> str:
        """The proxy's address, without its login."""
        return f"{'https' if self.ssl_type == 'ALWAYS' else 'http'}://{self.server}"


def no_secrets(_secret_id: str) -> Mapping[str, str]:
    """Stand in for Secrets Manager where everything is in the environment."""
    return {}


class Settings:
    """The settings of this function, each read when it is asked for."""

    def __init__(
        self, environment: Mapping[str, str], read_secret: Callable[[str], Mapping[str, str]] = no_secrets
    ) -> None:
        self._environment = environment
        self._read_secret = read_secret

    @property
    def twilio_account_sid(self) -> str:
        """The account that Frontline runs in."""
        return self._required("TWILIO_ACCOUNT_SID", ACCOUNT_SID)

    @property
    def named_account_sid(self) -> str | None:
        """The same where the environment itself names it; not every function may read Twilio's secret."""
        names = ("TWILIO_ACCOUNT_SID", ALIASES["TWILIO_ACCOUNT_SID"])
        return next((self._environment[name] for name in names if self._environment.get(name)), None)

    @property
    def twilio_auth_tokens(self) -> tuple[str, ...]:
        """What requests may be signed with: one token, or several while they are being rotated."""
        given = self._required("TWILIO_AUTH_TOKEN", TOKENS).split(",")
        return tuple(token.strip() for token in given if token.strip())

    @property
    def twilio_shared_keys(self) -> Mapping[str, str]:
        """The secrets of the shared keys that sign webhooks, by the key's id; an empty id stands for every key."""
        given = self._optional("TWILIO_SHARED_KEYS", SHARED_KEYS) or ""
        found = (SHARED_KEY.fullmatch(part.strip()) for part in given.split(","))
        return {key[1] or "": key[2] for key in found if key}

    @property
    def twilio_login(self) -> tuple[str, str]:
        """User and password for Twilio's REST API: an API key where there is one, else the auth token."""
        if key := self._optional("TWILIO_API_KEY_SID", API_KEY_SID):
            return key, self._required("TWILIO_API_KEY_SECRET", ANYTHING)
        return self.twilio_account_sid, self.twilio_auth_tokens[0]

    @property
    def twilio_region(self) -> str | None:
        """Twilio's processing region, such as `ie1`."""
        return self._optional("TWILIO_REGION", LABEL)

    @property
    def twilio_edge(self) -> str | None:
        """Twilio's edge, such as `dublin`."""
        return self._optional("TWILIO_EDGE", LABEL)

    @property
    def twilio_endpoint_url(self) -> str | None:
        """Where Twilio is reached instead of twilio.com; the product is the first path segment there."""
        return self._optional("TWILIO_ENDPOINT_URL", BASE_URL)

    @property
    def twilio_nodes(self) -> int:
        """How many nodes Twilio as a database may use: 25 requests a second each, for all functions together."""
        return int(self._optional("TWILIO_NODES", NODES) or 2)

    @property
    def twilio_sms_number(self) -> str | None:
        """The sender of text messages where the configuration names none."""
        return self._optional("TWILIO_SMS_NUMBER", NUMBER)

    @property
    def twilio_whatsapp_number(self) -> str | None:
        """The WhatsApp sender where the configuration names none, with or without its prefix."""
        return self._optional("TWILIO_WHATSAPP_NUMBER", NUMBER)

    @property
    def airtable_token(self) -> str:
        """A personal access token that may read and write the base's records."""
        return self._required("AIRTABLE_TOKEN", ANYTHING)

    @property
    def airtable_base_id(self) -> str:
        """The base that holds contacts and templates."""
        return self._required("AIRTABLE_BASE_ID", BASE_ID)

    @property
    def airtable_webhook_secret(self) -> str | None:
        """The MAC secret (base64) of a webhook that somebody registered by hand."""
        return self._optional("AIRTABLE_WEBHOOK_SECRET", BASE64)

    @property
    def airtable_endpoint_url(self) -> str:
        """Where Airtable is reached."""
        return self._optional("AIRTABLE_ENDPOINT_URL", BASE_URL) or "https://api.airtable.com"

    @property
    def brevo_api_key(self) -> str:
        """A key for Brevo's API (v3)."""
        return self._required("BREVO_API_KEY", ANYTHING)

    @property
    def brevo_endpoint_url(self) -> str:
        """Where Brevo is reached."""
        return self._optional("BREVO_ENDPOINT_URL", BASE_URL) or "https://api.brevo.com"

    @property
    def twilio_sink_sid(self) -> str | None:
        """The Event Streams sink whose test events we answer, where it is not simply the one that leads to us."""
        return self._optional("TWILIO_SINK_SID", SINK_SID)

    @property
    def twilio_workspace_sid(self) -> str | None:
        """The TaskRouter workspace, where it is not the one of Flex."""
        return self._optional("TWILIO_WORKSPACE_SID", WORKSPACE_SID)

    @property
    def sso_realm_sid(self) -> str | None:
        """Frontline's realm for single sign-on: the console shows it at Frontline > Manage > SSO/Log in."""
        return self._optional("SSO_REALM_SID", REALM_SID)

    @property
    def task_complete_secret(self) -> str | None:
        """What a server signs finished tasks with; without it only Flex tokens are good."""
        return self._optional("TASK_COMPLETE_SECRET", ANYTHING)

    @property
    def flex_origins(self) -> tuple[str, ...]:
        """The addresses at which agents' browsers have Flex, for CORS."""
        given = self._optional("FLEX_ORIGINS", ANYTHING) or "https://flex.twilio.com"
        return tuple(origin.strip() for origin in given.split(",") if origin.strip())

    @property
    def event_stream(self) -> str:
        """The Kinesis stream of events."""
        return self._required("EVENT_STREAM", ANYTHING)

    @property
    def event_stream_arn(self) -> str:
        """The same, as sinks name it."""
        return self._required("EVENT_STREAM_ARN", ANYTHING)

    @property
    def quarantine_bucket(self) -> str:
        """The bucket of records that nobody can read."""
        return self._required("QUARANTINE_BUCKET", ANYTHING)

    @property
    def brevo_queue_url(self) -> str:
        """The FIFO queue of persons with something new for Brevo; empty where the stack is deployed without support."""
        return self._queue_url("BREVO_QUEUE_URL")

    @property
    def sync_queue_url(self) -> str:
        """The queue of jobs for SyncFunction."""
        return self._required("SYNC_QUEUE_URL", ANYTHING)

    @property
    def send_queue_url(self) -> str:
        """The queue of rows that are to be sent."""
        return self._required("SEND_QUEUE_URL", ANYTHING)

    @property
    def poll_queue_url(self) -> str:
        """The queue of rows whose status Twilio is to be asked for."""
        return self._required("POLL_QUEUE_URL", ANYTHING)

    @property
    def campaign_files_bucket(self) -> str:
        """The bucket of campaigns' files."""
        return self._required("CAMPAIGN_FILES_BUCKET", ANYTHING)

    @property
    def enrich_queue_urls(self) -> tuple[str, str]:
        """The queues of tasks whose attributes are to be completed: of those that end, and of the others."""
        return self._required("ENRICH_URGENT_QUEUE_URL", ANYTHING), self._required("ENRICH_QUEUE_URL", ANYTHING)

    @property
    def slice_queue_url(self) -> str:
        """The queue that wakes the slices of a sync."""
        return self._required("SLICE_QUEUE_URL", ANYTHING)

    @property
    def export_bucket(self) -> str:
        """The bucket of the export; empty where the stack is deployed without one."""
        return self._queue_url("EXPORT_BUCKET")

    @property
    def metrics_namespace(self) -> str:
        """The CloudWatch namespace of the figures: the stack's name."""
        return self._optional("METRICS_NAMESPACE", ANYTHING) or "twilio-bridge"

    @property
    def status_queues(self) -> tuple[tuple[str, str, str], ...]:
        """The queues that StatusFunction looks at: name, URL, and the URL of the dead letters."""
        entries = [entry.split() for entry in (self._optional("STATUS_QUEUES", ANYTHING) or "").split(",")]
        return tuple((entry[0], entry[1], entry[2]) for entry in entries if len(entry) == 3)  # noqa: PLR2004

    @property
    def watched_stream(self) -> str:
        """The Kinesis stream that StatusFunction looks at; empty where support is not deployed."""
        return self._optional("EVENT_STREAM", ANYTHING) or ""

    @property
    def event_streams_function(self) -> str:
        """The function that takes events in; empty where support is not deployed."""
        return self._optional("EVENT_STREAMS_FUNCTION", ANYTHING) or ""

    @property
    def callback_functions(self) -> tuple[str, ...]:
        """The functions that answer Frontline's callbacks; none where Frontline is not deployed."""
        given = self._optional("CALLBACK_FUNCTIONS", ANYTHING) or ""
        return tuple(name.strip() for name in given.split(",") if name.strip())

    @property
    def public_base_url(self) -> str | None:
        """The address Twilio calls, where it is not the one that the request names."""
        given = self._optional("PUBLIC_BASE_URL", BASE_URL)
        return given.rstrip("/") if given else None

    @property
    def status_callback_url(self) -> str:
        """Where Twilio reports a message's statuses: at PUBLIC_BASE_URL, else at the API's own address.

        Empty where there is none that Twilio could reach, so that it is asked instead.
        """
        base = self.public_base_url or (self._optional("API_BASE_URL", BASE_URL) or "").rstrip("/")
        return f"{base}/callbacks/message-status" if base else ""

    @property
    def contact_cache_table(self) -> str:
        """The DynamoDB table ContactCache."""
        return self._required("CONTACT_CACHE_TABLE", ANYTHING)

    @property
    def sync_state_table(self) -> str:
        """The DynamoDB table SyncState."""
        return self._required("SYNC_STATE_TABLE", ANYTHING)

    @property
    def airtable_queue_url(self) -> str:
        """The queue of opt-outs that wait for Airtable; empty where the stack is deployed without Frontline."""
        return self._queue_url("AIRTABLE_QUEUE_URL")

    @property
    def refresh_contacts_function(self) -> str:
        """The function that loads contacts into the cache."""
        return self._required("REFRESH_CONTACTS_FUNCTION", ANYTHING)

    @property
    def own_function(self) -> str:
        """This function's name, as Lambda sets it."""
        return self._required("AWS_LAMBDA_FUNCTION_NAME", ANYTHING)

    @property
    def twilio_secret(self) -> str | None:
        """The id of the secret that holds Twilio's settings."""
        return self._environment.get("TWILIO_SECRET") or None

    def proxy_to(self, vendor: str) -> Proxy | None:
        """Return the proxy to TWILIO, AIRTABLE or BREVO; its login may stand in the vendor's own secret."""
        if (self._optional("PROXY_ENABLED", SWITCH) or "").lower() != "true":
            return None
        scheme = self._optional("PROXY_AUTH_SCHEME", AUTH_SCHEME) or "NONE"
        server = self._required("PROXY_SERVER", SERVER)
        ssl_type = self._optional("PROXY_SSLTYPE", SSL_TYPE) or "AUTO"
        ca_bundle = self._optional("REQUESTS_CA_BUNDLE", ANYTHING) or ""
        if scheme == "NONE":
            return Proxy(server, ssl_type=ssl_type, ca_bundle=ca_bundle)
        user = self._required("PROXY_USER", ANYTHING, SECRET_OF[vendor])
        password = self._required("PROXY_PASSWORD", ANYTHING, SECRET_OF[vendor])
        return Proxy(server, scheme, user, password, ssl_type, ca_bundle)

    @property
    def bridge_config(self) -> str | None:
        """A configuration file that replaces the packaged and the stored one (local runs only)."""
        return self._optional("BRIDGE_CONFIG", ANYTHING)

    def _queue_url(self, name: str) -> str:
        url = self._required(name, ANYTHING)
        return "" if url == NO_QUEUE else url

    def _required(self, name: str, shape: tuple[str, str], secret: str = "") -> str:
        if value := self._optional(name, shape, secret):
            return value
        where = f" (or {ALIASES[name]})" if name in ALIASES else ""
        raise SettingError(f"the setting {name}{where} is missing; it should be {shape[1]}")

    def _optional(self, name: str, shape: tuple[str, str], secret: str = "") -> str | None:
        value = self._find(name, secret)
        if value and not re.fullmatch(shape[0], value):
            raise SettingError(f"the setting {name} is malformed; it should be {shape[1]}")
        return value or None

    def _find(self, name: str, secret: str) -> str:
        names = [name, ALIASES[name]] if name in ALIASES else [name]
        found = next((self._environment[key] for key in names if self._environment.get(key, "").strip()), None)
        return (found if found is not None else self._in_secret(names, secret)).strip()

    def _in_secret(self, names: list[str], secret: str) -> str:
        secret_id = self._environment.get(secret or SECRET_OF.get(names[0].partition("_")[0], ""))
        values = self._read_secret(secret_id) if secret_id else {}
        return next((values[key] for key in names if values.get(key)), "")
