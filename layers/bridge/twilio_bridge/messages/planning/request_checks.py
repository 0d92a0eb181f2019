"""What a request's fields, right each by itself, are not together; and what its source lacks for them."""

import json
from collections.abc import Sequence

from twilio_bridge.messages.campaign import CampaignSettings
from twilio_bridge.messages.planning.request_fields import Fields
from twilio_bridge.messages.texts.composing import read_templates

MAX_MEDIA_COUNT = 10
MAX_SETTINGS_BYTES = 100_000  # they have to fit a DynamoDB item


def check_together(fields: Fields, settings: CampaignSettings) -> None:
    """Refuse what each by itself is right, and not together."""
    if "id" not in fields.values and not fields.values.get("dryRun"):
        fields.refuse("id", "is missing; name the campaign, so that the same request again sends nothing twice")
    if any(len(country) != 2 or not country.isupper() for country in settings.blocked_countries):  # noqa: PLR2004
        fields.refuse("blockedCountries", "is to be a list of countries' two letters, such as US")
    if bool(settings.text.strip()) == bool(settings.content_sid):
        fields.refuse("text", "is to be given, or contentSid in its place")
    if settings.content_variables and not settings.content_sid:
        fields.refuse("contentVariables", "belong to a contentSid")
    if settings.is_scheduled_at_twilio and not settings.sender.messaging_service_sid:
        fields.refuse("scheduleAtTwilio", "wants a Messaging Service: Twilio's SendAt needs one")
    if settings.write_back == "airtable" and settings.source.kind != "airtable":
        fields.refuse("writeBack", "airtable needs an Airtable view as the source")


def check_texts(fields: Fields, settings: CampaignSettings) -> None:
    """Refuse texts that hold too much, and fields that they have no placeholder for."""
    size = len(json.dumps({name: value for name, value in fields.values.items() if name != "source"}))
    if size > MAX_SETTINGS_BYTES:
        fields.refuse("text", f"and the rest of the request have {size:,} bytes, {MAX_SETTINGS_BYTES:,} are allowed")
    if len(settings.media) > MAX_MEDIA_COUNT:
        fields.refuse("media", f"has {len(settings.media)} addresses, {MAX_MEDIA_COUNT} are allowed")
    if any(not address.startswith(("https://", "http://", "<")) for address in settings.media):
        fields.refuse("media", "is to be a list of http or https addresses")

    names = read_templates(settings).names
    if len(names) > settings.max_placeholders:
        listed = ", ".join(f"<{name}>" for name in names)
        fields.refuse("text", f"has {len(names)} placeholders, {settings.max_placeholders} are allowed: {listed}")
    for name in settings.columns:
        if name not in names:
            fields.refuse("fields", f"the text has no placeholder <{name}>")


def check_columns(settings: CampaignSettings, columns: Sequence[str]) -> list[str]:
    """Return what the source lacks: the column of the numbers, and those of the placeholders."""
    listed = ", ".join(columns) if columns else "none"
    faults = []

    if settings.to_column not in columns:
        faults.append(f"to: the source has no column {settings.to_column}; its columns are {listed}")
    for name in read_templates(settings).names:
        column = settings.columns.get(name, name)
        if column not in columns:
            faults.append(f"fields: the source has no column {column} for <{name}>; its columns are {listed}")

    return faults
