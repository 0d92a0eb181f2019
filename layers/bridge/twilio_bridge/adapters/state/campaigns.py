"""Campaigns in SyncState: the settings in an item that never changes, the state in one that often does.

A campaign that is not final stands in the index under `CAMPAIGNS#active`. The settings are written first, so a request
that was cut off in between is completed by the same request again.
"""

import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import time as clock_time
from typing import Any

from twilio_bridge.adapters.aws.dynamodb import Item, Table, pack, unpack
from twilio_bridge.messages.campaign import Campaign, CampaignSettings, Planning, Sender, Source
from twilio_bridge.messages.quiet_hours import Window

INDEX = "gsi1"
ACTIVE = "CAMPAIGNS#active"
SETTINGS, HEAD = "SETTINGS", "HEAD"
KEEP_S = 400 * 86_400
MAX_SETTINGS_COUNT = 100  # kept by an instance
IS_NEW = "attribute_not_exists(pk)"
AS_READ = "version = :version"


class DynamoCampaigns:
    """The port Campaigns."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._settings: dict[str, CampaignSettings] = {}

    def create_campaign(self, settings: CampaignSettings, at: int) -> Campaign:
        """Write the settings, then the state, each unless it is there."""
        item = {"pk": partition_of(settings.id), "sk": SETTINGS, "settings": pack_settings(settings)}
        self._table.put(item | {"expires_at": _expires_at()}, when=IS_NEW)

        stored = self._find_settings(settings.id) or settings
        new = Campaign(settings=stored, version=1, created_at=at, changed_at=at)
        if stored.fingerprint != settings.fingerprint:  # nobody has been promised that the other one is sent
            return self.find_campaign(settings.id) or new
        return new if self._table.put(_head(new), when=IS_NEW) else self.find_campaign(settings.id) or new

    def find_campaign(self, campaign_id: str) -> Campaign | None:
        """Read the state as of now; the settings are read once an instance."""
        head = self._table.get(partition_of(campaign_id), HEAD, consistent=True)
        settings = self._find_settings(campaign_id) if head else None
        return _campaign_from(head, settings) if head and settings else None

    def _find_settings(self, campaign_id: str) -> CampaignSettings | None:
        if campaign_id not in self._settings:
            item = self._table.get(partition_of(campaign_id), SETTINGS, consistent=True)
            if item is None:
                return None
            if len(self._settings) >= MAX_SETTINGS_COUNT:
                self._settings.clear()
            self._settings[campaign_id] = unpack_settings(item["settings"])
        return self._settings[campaign_id]

    def save_campaign(self, before: Campaign, after: Campaign) -> bool:
        """Write the state where it is as `before` has it."""
        item = _head(after) | {"version": before.version + 1}
        return self._table.put(item, when=AS_READ, values={":version": before.version})

    def list_active(self) -> list[str]:
        """Read the index, the oldest campaign first."""
        return [item["pk"].partition("#")[2] for item in self._table.query_index(INDEX, ACTIVE, "~")]

    def read_sweep(self, campaign_id: str) -> dict[str, Any]:
        """Return what the last sweep wrote about a campaign, nothing where none did."""
        item = self._table.get(partition_of(campaign_id), "SWEEP", consistent=True)
        return dict(unpack(item["swept"])) if item else {}

    def write_sweep(self, campaign_id: str, swept: Mapping[str, Any]) -> None:
        """Write what the next sweep goes on from."""
        item = {"pk": partition_of(campaign_id), "sk": "SWEEP", "swept": pack(dict(swept))}
        self._table.put(item | {"expires_at": _expires_at()})


def partition_of(campaign_id: str) -> str:
    """Return the partition key of a campaign."""
    return f"CAMPAIGN#{campaign_id}"


def pack_settings(settings: CampaignSettings) -> str:
    """Return settings as a text that `unpack_settings` reads."""
    values = asdict(settings) | {"blocked_countries": sorted(settings.blocked_countries)}
    if settings.window:
        window = settings.window
        times = {"opens": window.opens.isoformat(), "closes": window.closes.isoformat()}
        values["window"] = {**times, "days": sorted(window.days)}
    return pack(values)


def unpack_settings(text: str) -> CampaignSettings:
    """Return the settings of a text."""
    values = unpack(text)
    values["source"], values["sender"] = Source(**values["source"]), Sender(**values["sender"])
    values["media"] = tuple(values["media"])
    values["blocked_countries"] = frozenset(values["blocked_countries"])
    if window := values["window"]:
        opens, closes = (clock_time.fromisoformat(window[name]) for name in ("opens", "closes"))
        values["window"] = Window(opens, closes, frozenset(window["days"]))
    return CampaignSettings(**values)


def _head(campaign: Campaign) -> Item:
    item: Item = {
        "pk": partition_of(campaign.id),
        "sk": HEAD,
        "state": campaign.state,
        "cause": campaign.cause,
        "version": campaign.version,
        "created_at": campaign.created_at,
        "changed_at": campaign.changed_at,
        "finished_at": campaign.finished_at,
        "forgiven_failed": campaign.forgiven_failed,
        "forgiven_ended": campaign.forgiven_ended,
        "max_spend_micros": campaign.max_spend_micros,
        "written_back": campaign.written_back,
        "planning": pack(asdict(campaign.planning)),
        "expires_at": _expires_at(),
    }
    if not campaign.is_final:
        item |= {"gsi1pk": ACTIVE, "gsi1sk": f"{campaign.created_at:015}"}
    return item


def _campaign_from(head: Item, settings: CampaignSettings) -> Campaign:
    planning = unpack(head["planning"])
    return Campaign(
        settings=settings,
        state=head["state"],
        cause=head["cause"],
        version=head["version"],
        created_at=head["created_at"],
        changed_at=head["changed_at"],
        finished_at=head["finished_at"],
        forgiven_failed=head["forgiven_failed"],
        forgiven_ended=head["forgiven_ended"],
        max_spend_micros=head["max_spend_micros"],
        written_back=head.get("written_back", 0),
        planning=Planning(**planning | {"faults": tuple(planning["faults"])}),
    )


def _expires_at() -> int:
    return int(time.time()) + KEEP_S
