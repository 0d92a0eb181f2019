"""bridge.yaml: the packaged file says the defaults, and every mistake in another is named."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twilio_bridge.config.schema import LARGEST, OPT_IN_WORDS, OPT_OUT_WORDS, PACKAGED, Config, parse
from twilio_bridge.errors import SettingError


def refusal(text: str) -> str:
    with pytest.raises(SettingError) as raised:
        parse(text)
    return str(raised.value)


def test_packaged() -> None:
    """The packaged file says exactly what holds without it."""
    assert Config() == parse(PACKAGED.read_text())


def test_packaged_is_complete() -> None:
    """The packaged file names every section and every key, so that nobody has to guess them."""
    text = PACKAGED.read_text()
    for name, section in Config.model_fields.items():
        assert f"{name}:" in text
        for key in getattr(section.annotation, "model_fields", {}):
            assert f" {key}:" in text


@pytest.mark.parametrize("text", ["", " \n", "# nothing\n", "---\n", "{}", "null"])
def test_empty(text: str) -> None:
    """A file that says nothing leaves the defaults."""
    assert Config() == parse(text)


@pytest.mark.parametrize(
    ("text", "place", "nearest"),
    [
        ("contact: {}", "contact", "contacts"),
        ("workersx: {}", "workersx", "workers"),
        ("contacts: {visibilityx: all}", "contacts.visibilityx", "visibility"),
        ("contacts: {columns: {whatsappx: x}}", "contacts.columns.whatsappx", "whatsapp"),
        ("templates: {incompletex: show}", "templates.incompletex", "incomplete"),
        ("templates: {columns: {categoryx: x}}", "templates.columns.categoryx", "category"),
        ("workers: {jo: {namex: Jo}}", "workers.jo.namex", "name"),
        ("workers: {routing: {namex: Jo}}", "workers.routing.namex", "name"),
        ("workers: {contacts: {whatsappx: '+14155550100'}}", "workers.contacts.whatsappx", "whatsapp"),
        ("senders: {countriesx: {}}", "senders.countriesx", "countries"),
        ("senders: {countries: {'+44': {smss: '+14155550100'}}}", "senders.countries.+44.smss", "sms"),
        ("routing: {chains: []}", "routing.chains", "chain"),
        ("opt_out: {word: []}", "opt_out.word", "words"),
        ("conversations: {create_contact: true}", "conversations.create_contact", "create_contacts"),
    ],
)
def test_unknown_key(text: str, place: str, nearest: str) -> None:
    """An unknown key is named with the nearest known one, at whatever depth."""
    assert f"bridge.yaml: {place}: no such key; did you mean {nearest}?" == refusal(text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("qqqq: 1", "qqqq"),
        ("workers: {jo: {qqqq: 1}}", "workers.jo.qqqq"),
        ("senders: {countries: {'+44': {namex: x}}}", "senders.countries.+44.namex"),
    ],
)
def test_unknown_key_like_none(text: str, place: str) -> None:
    """A key that is like none of its own section's gets no suggestion from another."""
    assert f"bridge.yaml: {place}: no such key" == refusal(text)


def test_every_mistake_is_named() -> None:
    """All mistakes are told at once, a line each."""
    said = refusal("contact: {}\nrouting: {chains: []}\nsenders: {countries: {44: {}}}").splitlines()

    assert len(said) == 3


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("contacts: []", "contacts"),
        ("contacts: {fresh_s: soon}", "contacts.fresh_s"),
        ("contacts: {fresh_s: 29}", "contacts.fresh_s"),
        ("contacts: {fresh_s: 86401}", "contacts.fresh_s"),
        ("contacts: {visibility: everybody}", "contacts.visibility"),
        ("contacts: {region: gb}", "contacts.region"),
        ("contacts: {region: GBR}", "contacts.region"),
        ("contacts: {region: ZZ}", "contacts.region: no country"),
        ("contacts: {columns: {name: x, notes: x}}", "contacts.columns: name and notes are the same column"),
        ("contacts: {columns: {email: sms}}", "contacts.columns: sms and email are the same column"),
        ("contacts: {columns: {sms: x, whatsapp: x, chat: x}}", "contacts.columns: sms and chat are"),
        ("contacts: {table: ''}", "contacts.table"),
        ("contacts: {table: null}", "contacts.table"),
        ("contacts: {columns: {name: ''}}", "contacts.columns.name"),
        ("contacts: {columns: {owner: ''}}", "contacts.columns.owner"),
        ("templates: {incomplete: maybe}", "templates.incomplete"),
        ("workers: [jo]", "workers"),
        ("workers: {jo: Jo}", "workers.jo"),
        ("workers: {jo: {sms: '07700 900001'}}", "workers.jo.sms"),
        ("workers: {jo: {sms: [1]}}", "workers.jo.sms"),
        ("workers: {jo: {fields: {a: [1]}}}", "workers.jo.fields.a"),
        ("senders: {countries: {'44': {}}}", "senders.countries"),
        ("senders: {countries: {'+44': {whatsapp: x}}}", "senders.countries.+44.whatsapp"),
        ("routing: {chain: [owner, nobody]}", "routing.chain"),
        ("routing: {chain: owner}", "routing.chain"),
        ("routing: {chain: []}", "routing.chain"),
        ("opt_out: {words: STOP}", "opt_out.words"),
        ("opt_out: {words: []}", "opt_out.words"),
        ("opt_out: {opt_in_words: [yes]}", "opt_out.opt_in_words"),
        ("conversations: {on_failure: drop}", "conversations.on_failure"),
        ("conversations: {create_contacts: [1]}", "conversations.create_contacts"),
        ("1: 2", "1"),
    ],
)
def test_wrong_values(text: str, place: str) -> None:
    """A value of the wrong kind is named by its place."""
    assert refusal(text).startswith(f"bridge.yaml: {place}")


@pytest.mark.parametrize("text", ["- a", "a", "1", "[]", "''", "false", "0"])
def test_no_mapping(text: str) -> None:
    """A file that is no mapping is refused, not taken for an empty one."""
    assert refusal(text).startswith("bridge.yaml: the file: ")


@pytest.mark.parametrize(
    "text",
    [
        "a: [",
        "a: b: c",
        "\ta: 1",
        "\x00",
        "a: !!python/object/apply:os.system [ls]",
        "a: *b",
        "a: !!timestamp 2026-13-45",
        "a: " + "9" * 5_000,
        "[" * 1_200,
        "? [a]\n: b",
    ],
    ids=lambda text: repr(text[:12]),
)
def test_no_yaml(text: str) -> None:
    """What is no YAML, or not for us, is refused as such."""
    assert refusal(text).startswith("the configuration is no YAML: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "contacts: {}\nairtable: {}\ncontacts: {table: B}",
            "the key contacts stands here a second time, line 3",
        ),
        ("workers:\n  jo: {}\n  'jo': {}", "the key jo stands here a second time, line 3"),
        ("workers: {44: {}, '44': {}}", "the key 44 stands here a second time, line 1"),
    ],
)
def test_repeated_keys(text: str, said: str) -> None:
    """A key that stands twice is named with its line: YAML would silently drop the first."""
    assert refusal(text) == f"the configuration is no YAML: {said}"


def test_merged_keys() -> None:
    """What is merged in may be overridden, also where that is merged again: nothing is dropped unseen."""
    said = parse("""
workers:
  jo: &jo {name: Jo, sms: "+14155550100"}
  sam: &sam {<<: *jo, name: Sam}
  kim: {<<: *sam, name: Kim}
""")

    assert [(worker.name, worker.sms) for worker in said.workers.values()] == [
        ("Jo", "+14155550100"),
        ("Sam", "+14155550100"),
        ("Kim", "+14155550100"),
    ]


def test_no_yaml_quotes_nothing() -> None:
    """What the file holds is not repeated: the message goes to the log."""
    assert "14155550100" not in refusal("workers: {jo: {sms: '+14155550100'")


def test_shared_columns() -> None:
    """SMS and WhatsApp may share a column, and any number of fields may have none."""
    columns = parse("contacts: {columns: {sms: Phone, whatsapp: Phone, email: '', avatar: ''}}").contacts.columns

    assert (columns.sms, columns.whatsapp, columns.email) == ("Phone", "Phone", "")


def test_too_large() -> None:
    """A file that would not fit its item is refused, counted in bytes."""
    fits = "#" * LARGEST

    assert Config() == parse(fits)
    assert refusal(fits + "#") == "the configuration is larger than 350,000 bytes"
    assert refusal("#" + "é" * (LARGEST // 2)).startswith("the configuration is larger")


def test_values() -> None:
    """What is said is taken, numbers where texts are meant as well; the rest stays as it was."""
    said = parse("""
contacts: {visibility: all, region: GB}
workers: {Jo@Example.com: {name: 7, sms: "+14155550100", fields: {title: 1.5}}}
senders: {countries: {"+44": {whatsapp: "whatsapp:+447700900001"}}, chat: desk}
routing: {chain: [default], default_worker: sam@example.com}
""")

    assert (said.contacts.visibility, said.contacts.region, said.contacts.fresh_s) == ("all", "GB", 300)
    assert said.workers["Jo@Example.com"].model_dump(exclude_none=True) == {
        "name": "7",
        "sms": "+14155550100",
        "fields": {"title": "1.5"},
    }
    assert said.senders.countries["+44"].whatsapp == "whatsapp:+447700900001"
    assert (said.routing.chain, said.routing.default_worker) == (("default",), "sam@example.com")


def test_opt_out_words() -> None:
    """Without anything said, Twilio's own words hold."""
    assert OPT_OUT_WORDS == parse("").opt_out.words
    assert OPT_IN_WORDS == parse("").opt_out.opt_in_words
    assert {"STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"} == set(OPT_OUT_WORDS)


@given(st.one_of(st.text(), st.text("{}[]:,-'\"&*!|>%@` \n\tab10#?+")))
def test_any_text(text: str) -> None:
    """Whatever the file holds, it is a configuration or a SettingError."""
    with suppress(SettingError):
        assert isinstance(parse(text), Config)


# As people have it: https://tajo.io documents this file for its own Twilio Flex connector.
CONNECTOR = """
connectors:
  twilio_flex:
    enabled: true
    account_sid: "ACXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"
    flex_flow_sid: "FOXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"
    sync:
      conversations: true
      tasks: true
      customers: true
      csat: true
      agent_activity: false
    lists:
      support_contacts: 32
      csat_respondents: 33
    channels:
      - voice
      - sms
      - whatsapp
      - webchat
field_mapping:
  identity: FLEX_IDENTITY
  friendly_name: FIRSTNAME
  attributes.email: email
  attributes.phone: SMS
  last_conversation_date: LAST_SUPPORT_DATE
  total_conversations: SUPPORT_TICKET_COUNT
  avg_wait_time: AVG_WAIT_TIME
  last_csat_score: CSAT_SCORE
  preferred_channel: PREFERRED_CHANNEL
  customer_tier: VIP_TIER
  account_id: ACCOUNT_ID
event_mapping:
  task.created: SUPPORT_REQUESTED
  task.completed: SUPPORT_RESOLVED
  task.canceled: SUPPORT_ABANDONED
  conversation.ended: CONVERSATION_ENDED
  survey.completed: CSAT_SUBMITTED
"""


def test_the_connector_s_file_works_as_it_is() -> None:
    """With its lists; its made-up account is none, and its mappings are the defaults."""
    settled = parse(CONNECTOR)
    flex = settled.connectors.twilio_flex
    assert ("", "", 32, 33) == (
        flex.account_sid,
        flex.flex_flow_sid,
        flex.lists.support_contacts,
        flex.lists.csat_respondents,
    )
    assert (Config().field_mapping, Config().event_mapping) == (settled.field_mapping, settled.event_mapping)


def test_the_connector_s_debug_mode() -> None:
    """It turns both kinds of lines on; each can be turned on alone."""
    given = "connectors: {twilio_flex: {debug: true, log_level: verbose, log_api_calls: true}}"
    flex = parse(given).connectors.twilio_flex
    assert (True, True) == (flex.logs_events, flex.logs_calls)
    alone = parse("connectors: {twilio_flex: {log_level: verbose}}").connectors.twilio_flex
    assert (True, False) == (alone.logs_events, alone.logs_calls)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("connectors: {twilio_flex: {syncs: {}}}", "did you mean sync?"),
        ("connectors: {twilio_flex: {sync: {task: true}}}", "did you mean tasks?"),
        ("connectors: {twilio_flex: {account_sid: AC1}}", "account_sid"),
        ("event_mapping: {task.begun: X}", "event_mapping.task.begun"),
        ("event_mapping: {task.created: 'two words'}", "event_mapping.task.created"),
        ("field_mapping: {identity: 'A-B'}", "field_mapping.identity"),
        ("connectors: {twilio_flex: {lists: {support_contacts: 0}}}", "support_contacts"),
    ],
)
def test_mistakes_about_support_events(text: str, said: str) -> None:
    """Each is named, with the nearest right key where it is a wrong one."""
    assert said in refusal(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("routing: {chain: [ownr]}", "routing.chain.0: no such word; did you mean owner?"),
        ("routing: {chain: [owner, zzz]}", "routing.chain.1: no such word; there are owner, number_owner, available"),
        ("event_mapping: {task.creatd: X}", "event_mapping.task.creatd: no such key; did you mean task.created?"),
        ("event_mapping: {zzz: X}", "event_mapping.zzz: no such key; there are task.created, task.completed"),
        ("conversations: {on_failure: blok}", "conversations.on_failure: no such word; did you mean block?"),
        ("conversations: {on_failure: ['+14155550100']}", "conversations.on_failure: no such word; there are pass, bl"),
        ("connectors: {twilio_flex: {log_level: verbos}}", "log_level: no such word; did you mean verbose?"),
        ("brevo: {attribute_types: {a: nmber}}", "brevo.attribute_types.a: no such word; did you mean number?"),
        ("routing: {chain: []}", "routing.chain: Tuple should have at least 1 item"),
    ],
)
def test_a_wrong_word_is_one_error_with_the_nearest(text: str, expected: str) -> None:
    """As for keys, also where the key of a mapping is the wrong word; what was written is not repeated."""
    with pytest.raises(SettingError) as raised:
        parse(text)
    (line,) = str(raised.value).splitlines()
    assert expected in line
    assert "+1415" not in line


@pytest.mark.parametrize(
    ("mapping", "why"),
    [
        ("total_conversations: EMAIL", "a figure cannot be EMAIL"),
        ("avg_wait_time: sms", "a figure cannot be SMS"),
        ("a.email: EMAIL, b.email: email", "EMAIL is what a.email is mapped to already"),
        ("'items[0].email': EMAIL", "the path of a task attribute with dots"),
        ("'attributes.': TIER", "the path of a task attribute with dots"),
        ("'a..b': TIER", "the path of a task attribute with dots"),
    ],
)
def test_a_mapping_that_cannot_work_is_an_error(mapping: str, why: str) -> None:
    """And the line is named."""
    found = refusal(f"field_mapping: {{{mapping}}}")
    assert "field_mapping." in found
    assert why in found


@pytest.mark.parametrize("zone", ["Europe/Nowhere", "CEST+1", "../etc/passwd", ""])
def test_a_timezone_is_iana_s(zone: str) -> None:
    """Any other is refused."""
    assert "no zone of IANA's has this name" in refusal(f"figures: {{timezone: '{zone}'}}")


def test_own_numbers_are_those_of_senders_and_workers_too() -> None:
    """In every spelling."""
    text = (
        "{senders: {countries: {'+55': {sms: '+5511987654321'}}}, workers: {jo: {whatsapp: 'whatsapp:+447900000012'}}}"
    )
    assert {"+5511987654321", "+551187654321", "+447900000012"} == parse(text).own_numbers
