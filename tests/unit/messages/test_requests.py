"""A request's faults are all found at once, and what it leaves open is as configured."""

from datetime import UTC, datetime, time
from typing import Any

import pytest

from twilio_bridge.config import schema
from twilio_bridge.messages.campaign import Sender
from twilio_bridge.messages.planning.request_checks import check_columns
from twilio_bridge.messages.planning.request_parts import Defaults
from twilio_bridge.messages.planning.requests import read_request
from twilio_bridge.messages.quiet_hours import Window

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
DEFAULTS = Defaults(schema.Config(), "+15005550006", "whatsapp:+15005550007")
GOOD = {"id": "spring-2026", "text": "Hi <Name>", "source": {"rows": [{"to": "+447946000001", "Name": "A"}]}}
SERVICE = "MG" + "0" * 32
CONTENT = "HX" + "0" * 32


def faults(**changed: Any) -> list[str]:
    body = {name: value for name, value in {**GOOD, **changed}.items() if value is not Ellipsis}
    return list(read_request(body, DEFAULTS, NOW).faults)


def test_what_is_left_open_is_as_configured() -> None:
    """The usual sender, brief 4's interval, and the hours in which people are written to."""
    request = read_request(GOOD, DEFAULTS, NOW)

    assert request.faults == ()
    assert request.rows == ({"to": "+447946000001", "Name": "A"},)
    settings = request.settings
    assert (settings.retry_interval_ms, settings.max_placeholders, settings.to_column) == (10_000, 5, "to")
    assert settings.window == Window(time(9), time(20))
    assert settings.sender == Sender(number="+15005550006")
    assert (settings.starts_at, settings.max_failure_percent, settings.max_spend_micros) == (0, 30, None)


def test_everything_can_be_said() -> None:
    """Each field becomes its setting."""
    body = GOOD | {
        "channel": "whatsapp",
        "sender": {"number": "whatsapp:+15005550001", "countries": {"+49": "+4915112345678"}},
        "fields": {"Name": "Vorname"},
        "to": "Mobil",
        "region": "DE",
        "sendAt": "2026-12-02T10:00:00+01:00",
        "sendingHours": {"opens": "21:00", "closes": "06:00", "days": ["sat"]},
        "timezone": "Europe/Berlin",
        "validityS": 60,
        "ratePerS": 0.5,
        "retryIntervalMs": 1000,
        "retryAttempts": 0,
        "maxSpend": 12.5,
        "maxFailurePercent": None,
        "blockedCountries": ["US"],
        "testTo": "0151 12345678",
        "writeBack": "brevo",
    }
    request = read_request(body, DEFAULTS, NOW)
    settings = request.settings

    assert request.faults == ()
    assert settings.sender == Sender(number="+15005550001", countries={"+49": "+4915112345678"})
    assert settings.starts_at == datetime(2026, 12, 2, 9, tzinfo=UTC).timestamp() * 1000
    assert settings.window == Window(time(21), time(6), frozenset({5}))
    assert (settings.max_spend_micros, settings.max_failure_percent, settings.test_to) == (
        12_500_000,
        None,
        "+4915112345678",
    )
    assert (settings.rate_per_s, settings.validity_s, settings.retry_attempts) == (0.5, 60, 0)
    assert (settings.columns, settings.to_column, settings.write_back) == ({"Name": "Vorname"}, "Mobil", "brevo")
    assert read_request(GOOD | {"sendingHours": None}, DEFAULTS, NOW).settings.window is None


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"id": ...}, "id: is missing"),
        ({"id": "a.b"}, "id: is to be 1 to 64"),
        ({"id": 7}, "id: is to be a text"),
        ({"txt": "x"}, "txt: no such field; did you mean text?"),
        ({"text": ...}, "text: is to be given"),
        ({"text": "  "}, "text: is to be given"),
        ({"contentSid": CONTENT}, "text: is to be given, or contentSid in its place"),
        ({"contentVariables": {"1": "x"}}, "contentVariables: belong to a contentSid"),
        ({"contentVariables": {"1": 1}}, "contentVariables: is to be an object of texts"),
        ({"contentSid": "HX1"}, "contentSid: is to be HX and 32"),
        ({"text": "<a><b><c><d><e><f>"}, "text: has 6 placeholders, 5 are allowed: <a>, <b>"),
        ({"text": "<a><b><c>", "media": ["https://x/<d>", "https://x/<e><f>"]}, "text: has 6 placeholders"),
        ({"fields": {"Nom": "x"}}, "fields: the text has no placeholder <Nom>"),
        ({"fields": ["Name"]}, "fields: is to be an object of texts"),
        ({"media": ["ftp://x"]}, "media: is to be a list of http or https addresses"),
        ({"media": ["https://x"] * 11}, "media: has 11 addresses, 10 are allowed"),
        ({"text": "x" * 100_001}, "text: and the rest of the request have"),
        ({"channel": "fax"}, "channel: is to be sms or whatsapp"),
        ({"region": "XX"}, "region: no country has this code"),
        ({"region": "Germany"}, "region: is to be a country's two letters"),
        ({"sender": {"number": "0151"}}, "sender.number: is to be a number in E.164 form"),
        ({"sender": {"countries": {"49": "+4915112345678"}}}, "sender.countries: 49 is to be the beginning"),
        ({"sender": {"number": "+15005550006", "messagingServiceSid": SERVICE}}, "sender: is to have either"),
        ({"sender": {"service": SERVICE}}, "sender.service: no such field"),
        ({"source": ...}, "source: is to have one of rows, s3 and airtable"),
        ({"source": {"rows": [], "s3": "s3://bucket/x.csv"}}, "source: is to have one of"),
        ({"source": {"rows": []}}, "source.rows: is to be a list of objects"),
        ({"source": {"rows": ["x"]}}, "source.rows: is to be a list of objects"),
        ({"source": {"rows": [{}] * 10_001}}, "source.rows: has 10,001, and 10,000 are allowed; put them into S3"),
        ({"source": {"s3": "https://x"}}, "source.s3: is to be s3://<bucket>/<key>"),
        ({"source": {"s3": "s3://bucket/x.csv", "delimiter": "||"}}, "source.delimiter: is to be one character"),
        ({"source": {"s3": "s3://bucket/x.csv", "encoding": "latin"}}, "source.encoding: is to be"),
        ({"source": {"airtable": {"view": "x"}}}, "source.airtable.table: is missing"),
        ({"sendAt": "2026-11-30T10:00:00Z"}, "sendAt: is in the past"),
        ({"sendAt": "2027-01-06T10:00:00Z"}, "sendAt: is more than 35 days ahead"),
        ({"sendAt": "2026-12-02T10:00:00"}, "sendAt: is to be a time with its offset"),
        ({"sendAt": 5}, "sendAt: is to be a time with its offset"),
        ({"scheduleAtTwilio": True}, "scheduleAtTwilio: wants a Messaging Service"),
        ({"scheduleAtTwilio": "yes"}, "scheduleAtTwilio: is to be true or false"),
        ({"sendingHours": {"opens": "9"}}, "sendingHours.opens: is to be a time such as 09:00"),
        ({"sendingHours": {"days": ["Mo"]}}, "sendingHours.days: is to be a list of mon"),
        ({"sendingHours": "always"}, "sendingHours: is to be an object"),
        ({"timezone": "Berlin"}, "timezone: no zone of IANA's"),
        ({"timezone": "../etc"}, "timezone: no zone of IANA's"),
        ({"validityS": 36_001}, "validityS: is to be a whole number from 1 to 36,000"),
        ({"ratePerS": 0}, "ratePerS: is to be a number from 0.01"),
        ({"ratePerS": True}, "ratePerS: is to be a number"),
        ({"retryIntervalMs": 10.5}, "retryIntervalMs: is to be a whole number"),
        ({"retryAttempts": -1}, "retryAttempts: is to be a whole number from 0"),
        ({"maxSpend": "10"}, "maxSpend: is to be a number"),
        ({"maxFailurePercent": 101}, "maxFailurePercent: is to be a number from 0 to 100"),
        ({"blockedCountries": ["Usa"]}, "blockedCountries: is to be a list of countries' two letters"),
        ({"testTo": "nobody"}, "testTo: is to be one number"),
        ({"writeBack": "airtable"}, "writeBack: airtable needs an Airtable view"),
        ({"writeBack": "mail"}, "writeBack: is to be"),
        ({"dryRun": 1}, "dryRun: is to be true or false"),
        ({"pageSize": 1_001}, "pageSize: is to be a whole number from 1 to 1,000"),
    ],
    ids=lambda each: str(each)[:40],
)
def test_a_fault_is_named_with_what_is_right(changed: dict[str, Any], named: str) -> None:
    """And it is the only one."""
    found = faults(**changed)

    assert [fault for fault in found if fault.startswith(named)], found
    assert len(found) == 1


def test_all_faults_are_found_at_once() -> None:
    """Whoever mends them mends them once."""
    found = faults(id="a b", sendAt="2020-01-01T00:00:00Z", ratePerS=0, txt="x", sender={"number": "1"}, region="XX")

    assert {each.split(":")[0] for each in found} == {"id", "sendAt", "ratePerS", "txt", "sender.number", "region"}


def test_a_test_number_by_a_region_that_is_none_is_no_number() -> None:
    """Both are named."""
    found = faults(testTo="0151 12345678", region={"of": "DE"})

    assert [each.split(":")[0] for each in found] == ["region", "testTo"]


def test_a_sender_is_wanted_where_none_is_configured() -> None:
    """WhatsApp's is another than SMS's."""
    request = read_request(GOOD | {"channel": "whatsapp"}, Defaults(schema.Config(), "+15005550006"), NOW)

    assert [fault for fault in request.faults if fault.startswith("sender: is missing")]


def test_configured_senders_by_country_are_taken() -> None:
    """Those of the channel."""
    config = schema.Config.model_validate(
        {"senders": {"countries": {"+44": {"sms": "+447700900001"}, "+1": {"whatsapp": "+15005550007"}}}}
    )

    assert read_request(GOOD, Defaults(config), NOW).settings.sender == Sender(countries={"+44": "+447700900001"})


def test_the_same_content_has_the_same_fingerprint() -> None:
    """Whatever the order of its fields; a dry run of it is no other content."""
    same = dict(reversed(GOOD.items())) | {"dryRun": True, "pageSize": 5}
    first, again, other = (
        read_request(body, DEFAULTS, NOW).settings.fingerprint for body in (GOOD, same, GOOD | {"text": "Ho <Name>"})
    )

    assert first == again != other


def test_columns_that_the_source_lacks_are_all_named() -> None:
    """That of the numbers, and each placeholder's."""
    settings = read_request(
        GOOD | {"text": "<Name> <Car>", "fields": {"Car": "Auto"}, "to": "Mobil"}, DEFAULTS, NOW
    ).settings

    assert check_columns(settings, ["Mobil", "Name", "Auto"]) == []
    found = check_columns(settings, ["mobil"])
    assert [fault.split(";")[0] for fault in found] == [
        "to: the source has no column Mobil",
        "fields: the source has no column Name for <Name>",
        "fields: the source has no column Auto for <Car>",
    ]
