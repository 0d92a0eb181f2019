"""Brevo, as far as an operator's commands need it."""

from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.brevo.attributes import BrevoAttributes
from twilio_bridge.adapters.brevo.client import BrevoRequests, limiters
from twilio_bridge.adapters.brevo.marketing_contacts import BrevoMarketingContacts
from twilio_bridge.errors import SettingError
from twilio_bridge.settings import Settings
from twilio_bridge.support.ports import MarketingContacts
from twilio_bridge_cli.environment import Environment
from twilio_bridge_cli.errors import CommandError


def open_contacts(environment: Environment, table: Table) -> MarketingContacts:
    """Return Brevo's contacts, with the functions' own limits; end where there is no key."""
    settings = Settings(environment)
    try:
        key = settings.brevo_api_key
    except SettingError as error:
        raise CommandError("Brevo's key is missing.", "Set BREVO_API_KEY in the environment or in .env.") from error
    requests = BrevoRequests(key, settings.brevo_endpoint_url, limiters(table))
    return BrevoMarketingContacts(requests, BrevoAttributes(requests, create=False), force_merge=False)
