"""The sample base of `make run`, and any number of contacts for benchmarks.

The tables have the columns of the public quickstart base and a few more. All is made from a seed: every run
has the same contacts, written as messily as people write them.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from random import Random
from types import MappingProxyType

from twilio_bridge_local.samples.airtable_words import COMPANIES, COUNTRIES, NOTES, Country
from twilio_bridge_local.vendors.airtable.store import LAST_MODIFIED_TIME, Base, Column

Cells = dict[str, object]

WORKERS = (
    "jo@example.com",
    "mei@example.com",
    "sam@example.com",
    "aisha@example.com",
    "pedro@example.com",
    "klara@example.com",
)
CUSTOMER_COLUMNS = (
    Column("id"),
    Column("name"),
    Column("sms", "phoneNumber"),
    Column("whatsapp", "phoneNumber"),
    Column("email", "email"),
    Column("linkedin", "url"),
    Column("notes", "multilineText"),
    Column("owner", "email"),
    Column("opt_out", "checkbox"),
    Column("avatar", "url"),
    Column("company"),
    Column("city"),
    Column("last_visit", "date"),
    Column("last_modified", LAST_MODIFIED_TIME),
)
TEMPLATE_COLUMNS = (
    Column("category", "singleSelect"),
    Column("text", "multilineText"),
    Column("whatsAppApproved", "checkbox"),
)
AGENT_COLUMNS = (
    Column("email", "email"),
    Column("full_name"),
    Column("team_id"),
    Column("team_name"),
    Column("location"),
)
COLUMNS: Mapping[str, Sequence[Column]] = MappingProxyType(
    {"Customers": CUSTOMER_COLUMNS, "Templates": TEMPLATE_COLUMNS, "Agents": AGENT_COLUMNS},
)
NEWEST_VISIT = date(2026, 6, 30)
"""Visits lie in the two years before."""

SELDOM: Mapping[str, float] = MappingProxyType(
    {"email": 0.15, "linkedin": 0.4, "notes": 0.3, "avatar": 0.2, "company": 0.35, "last_visit": 0.3},
)
"""How many people have this cell empty."""

AMARA: Mapping[str, object] = MappingProxyType(
    {
        "id": "1001",
        "name": "Amara Okafor",
        "sms": "+44 7900 000012",
        "whatsapp": "+44 7900 000012",
        "email": "amara.okafor@example.org",
        "linkedin": "https://example.com/in/amara-okafor",
        "notes": "Prefers messages before noon.",
        "owner": "jo@example.com",
        "avatar": "https://example.com/avatars/1001.png",
        "company": "Harbour Vet Clinic",
        "city": "Lagos",
        "last_visit": "2026-05-14",
    },
)
TEMPLATES = (
    ("Meet the customer", "Hello {{name}}, my name is {{worker.name}}. I look after you from now on.", True),
    (
        "Meet the customer",
        "Hi {{name}}, {{worker.name}} here! Shall we talk about {{company}} soon?",
        False,
    ),
    ("Appointments", "Hi {{name}}, our team is in {{city}} on Thursday. May we drop in?", True),
    ("Appointments", "Thank you for your visit on {{last_visit}}, {{name}}!", False),
    ("Replies", "Thank you, we have received your message and will answer today.", True),
    ("Replies", "Dear {{name}}, a colleague of {{worker.name}} will get back to you.", False),
    ("Upsell", "{{name}}, {{company}} in {{city}} gets 10 % off until the end of the month.", True),
    # No column of this name: what a template looks like that nobody can be sent.
    ("Upsell", "{{name}}, your voucher {{voucher_code}} expires soon.", False),
    ("Closing", "It was a pleasure, {{name}}. Bye for now!", True),
)


def sample_base() -> Base:
    """The sample base, to pass to the stand-in."""
    tables = {"Customers": sample_customers(), "Templates": sample_templates(), "Agents": sample_agents()}
    return Base(tables, COLUMNS)


def sample_agents() -> list[Cells]:
    """The workers as Flex Insights is to know them, in two teams."""
    return [
        {
            "email": worker,
            "full_name": worker.partition("@")[0].title(),
            "team_id": str(number % 2 + 1),
            "team_name": ("Sales", "Service")[number % 2],
            "location": "London",
        }
        for number, worker in enumerate(WORKERS)
    ]


def sample_templates() -> list[Cells]:
    """Templates of five categories."""
    return [{"category": kind, "text": text, "whatsAppApproved": ok} for kind, text, ok in TEMPLATES]


def sample_customers(count: int = 250, seed: int = 7) -> list[Cells]:
    """Contacts of six workers in eleven countries; Amara Okafor is the first."""
    random = Random(seed)  # noqa: S311  # made-up people, no secrets
    countries = list(COUNTRIES.values())
    rows = [dict(AMARA)]
    for index in range(1, count):
        country = countries[index % len(countries)]
        rows.append(_customer(random, country, index))
    return rows


def contacts(count: int, owners: Iterable[str] = WORKERS, seed: int = 7) -> list[Cells]:
    """Any number of contacts of about 300 bytes each, spread evenly over the owners, each with a number.

    The numbers cannot be assigned: no Brazilian mobile number begins with 90.
    """
    random = Random(seed)  # noqa: S311  # same
    workers = list(owners)
    countries = list(COUNTRIES.values())
    return [
        {
            **_person(random, random.choice(countries), 100_000 + index),
            "sms": f"+55 11 90{index // 10_000:03d}-{index % 10_000:04d}",
            "owner": workers[index % len(workers)],
            "notes": random.choice(NOTES),
            "company": random.choice(COMPANIES),
            "last_visit": str(NEWEST_VISIT),
        }
        for index in range(count)
    ]


def _customer(random: Random, country: Country, index: int) -> Cells:
    row = {
        **_person(random, country, 1001 + index),
        **_numbers(random, country, index),
        "owner": "" if index % 50 == 7 else random.choice(WORKERS),  # noqa: PLR2004  # one in fifty has nobody
        "notes": random.choice(NOTES),
        "opt_out": random.random() < 0.05,  # noqa: PLR2004  # about one in twenty
        "company": random.choice(COMPANIES),
        "last_visit": str(NEWEST_VISIT - timedelta(days=random.randrange(730))),
    }
    missing = {name for name, share in SELDOM.items() if random.random() < share}
    return {name: cell for name, cell in row.items() if cell and name not in missing}


def _person(random: Random, country: Country, number: int) -> Cells:
    first, last = random.choice(country.firsts), random.choice(country.lasts)
    slug = _ascii(f"{first}.{last}") or f"contact.{number}"
    return {
        "id": str(number),
        "name": f"{last} {first}" if country.family_first else f"{first} {last}",
        "email": f"{slug}.{number}@example.org",
        "linkedin": f"https://example.com/in/{slug.replace('.', '-')}-{number}",
        "avatar": f"https://example.com/avatars/{number}.png",
        "city": random.choice(country.cities),
    }


def _numbers(random: Random, country: Country, index: int) -> Cells:
    """Some have SMS only, some WhatsApp only, some both, a few neither."""
    number = country.spellings[random.choice((0, 0, *range(len(country.spellings))))].format(
        n=index % country.numbers,
    )
    international = country.spellings[0].format(n=index % country.numbers)
    kind = random.choices(("sms", "whatsapp", "both", "none"), (40, 15, 38, 7))[0]
    return {
        "sms": number if kind in ("sms", "both") else "",
        # People paste what the messaging service shows them, so this one mostly has its country.
        "whatsapp": international if kind in ("whatsapp", "both") else "",
    }


def _ascii(name: str) -> str:
    """A name as it stands in addresses; nothing if it has no Latin letters."""
    plain = unicodedata.normalize("NFKD", name.lower().replace("ł", "l")).encode("ascii", "ignore").decode()
    parts = ("".join(filter(str.isalnum, part)) for part in plain.split("."))
    return ".".join(part for part in parts if part)
