"""Who a person is: keys that belong together end in one person, whatever order they arrive in."""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.support import FakeIdentities
from tests.sizes import size
from twilio_bridge import phone
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.errors import UnavailableError
from twilio_bridge.support.persons.identities import (
    MAX_ATTEMPTS,
    MAX_HALVES_COUNT,
    MAX_KEYS_COUNT,
    MAX_WITNESSES_COUNT,
    resolve_persons,
)
from twilio_bridge.support.persons.key_kinds import MAX_KEYS_PER_SUBJECT, keys_contradict, select_usable_keys
from twilio_bridge.support.persons.known_persons import list_contact_keys
from twilio_bridge.support.persons.person import Claim
from twilio_bridge.support.ports import Identities

AMARA, BEN = "email#amara@example.com", "email#ben@example.com"
PHONE, OTHER_PHONE, THIRD_PHONE = (f"phone#+44790000001{number}" for number in range(3))
FLEX = "flex#amara"


def resolve(subjects: Mapping[str, Iterable[str]], known: Identities, lookup: Any) -> dict[str, str]:
    """Resolve subjects that have no rows yet."""
    return resolve_persons(subjects, known, lookup, lambda *_: None).persons


def task(number: int) -> str:
    return f"task#WT{number:032}"


class Base:
    """The contact base by number, counting how often it is asked."""

    def __init__(self, *contacts: Contact) -> None:
        self.contacts = contacts
        self.asked: list[str] = []

    def __call__(self, number: str) -> Sequence[Contact]:
        self.asked.append(number)
        return [contact for contact in self.contacts if number in contact.addresses]


def number_of(key: str) -> str:
    return key.removeprefix("phone#")


def told(known: FakeIdentities, *subjects: Iterable[str], base: Base | None = None) -> list[str]:
    """Tell subjects one after the other, each of them a task of its own, and give their persons."""
    first = len(known._keys)
    lookup = base or Base()
    return [resolve({"s": [task(first + place), *keys]}, known, lookup)["s"] for place, keys in enumerate(subjects)]


def keys_of(known: FakeIdentities, key: str) -> set[str]:
    return set(known.find_by_keys([key])[key].keys)


def test_a_new_person_has_all_keys() -> None:
    """Nobody is known, so all keys are theirs."""
    known = FakeIdentities()
    told(known, [AMARA, PHONE, FLEX])
    assert {AMARA, PHONE} == keys_of(known, FLEX)


def test_any_key_finds_the_person() -> None:
    """What is new of the others is theirs from then on."""
    known = FakeIdentities()
    assert 1 == len(set(told(known, [PHONE], [PHONE, AMARA], [AMARA, FLEX], [FLEX, OTHER_PHONE], [OTHER_PHONE])))
    assert {AMARA, PHONE, OTHER_PHONE} == keys_of(known, PHONE)


def test_a_correction_moves_a_task() -> None:
    """It goes to whom it names now, with the number that it alone had brought; nobody else changes."""
    known, moved = FakeIdentities(), []
    (wrong,) = told(known, [AMARA])
    subject = task(7)

    def settle(*keys: str) -> str:
        found = resolve_persons({subject: [subject, *keys]}, known, Base(), lambda *rows: moved.append(rows))
        return found.persons[subject]

    assert wrong == settle(AMARA, PHONE, "conversation#CH1")
    right = settle(BEN, PHONE, "conversation#CH1")
    assert [(wrong, right, {subject.removeprefix("task#"), "CH1"})] == moved
    assert {AMARA} == keys_of(known, AMARA)
    assert {BEN, PHONE} == keys_of(known, subject) == keys_of(known, "conversation#CH1")
    assert right == settle(BEN, PHONE)


def test_a_correction_leaves_others_their_number() -> None:
    """What another task had brought before stays, and is several people's from then on."""
    known = FakeIdentities()
    (amara,) = told(known, [AMARA, PHONE])
    subject = task(7)
    assert amara == resolve({subject: [subject, AMARA, PHONE]}, known, Base())[subject]
    ben = resolve({subject: [subject, BEN, PHONE]}, known, Base())[subject]
    assert ben != amara
    assert {PHONE} == {key for key, claim in known.find_claims([PHONE, AMARA, BEN]).items() if claim.is_shared}


@pytest.mark.parametrize("count", [1, 2, MAX_WITNESSES_COUNT, MAX_WITNESSES_COUNT + 1])
def test_a_shared_key_is_given_back(count: int) -> None:
    """Once none of those who showed it shows it any more; not where they were too many to note."""
    known = FakeIdentities()
    (amara,) = told(known, ["external#1", PHONE])
    wrong = {task(100 + number): f"external#{100 + number}" for number in range(count)}
    for subject, key in wrong.items():
        resolve({subject: [subject, key, PHONE]}, known, Base())
    for subject in wrong:
        assert known.find_claims([PHONE])[PHONE].is_shared
        assert amara == resolve({subject: [subject, "external#1", PHONE]}, known, Base())[subject]
    assert (count > MAX_WITNESSES_COUNT) is known.find_claims([PHONE])[PHONE].is_shared
    assert (count <= MAX_WITNESSES_COUNT) is (PHONE in keys_of(known, "external#1"))


def test_a_key_stays_shared_by_whoever_is_right() -> None:
    """A correction to a third customer shows as much as before; and one who was not corrected goes on showing it."""

    class Keeping(FakeIdentities):
        def unshare_key(self, key: str, claim: Claim) -> bool:
            raise AssertionError(key, claim)

    known, subject = Keeping(), task(100)
    told(known, ["external#1", PHONE])
    for key in ("external#2", "external#3"):
        resolve({subject: [subject, key, PHONE]}, known, Base())
        assert [subject] == known.find_claims([PHONE])[PHONE].witnesses
    told(known, ["external#4", PHONE])
    resolve({subject: [subject, "external#1", PHONE]}, known, Base())
    assert known.find_claims([PHONE])[PHONE].is_shared


def test_a_survey_stays_with_its_task() -> None:
    """Whatever address it was tried out with."""
    known = FakeIdentities()
    (amara,) = told(known, [AMARA])
    survey = task(9)
    assert amara == resolve({survey: [survey, task(0), BEN]}, known, Base())[survey]
    assert {} == known.find_by_keys([BEN])


def test_a_survey_finds_the_person_of_its_task() -> None:
    """Who answers is who was served, even where the survey knows nothing else."""
    known = FakeIdentities()
    (amara,) = told(known, [AMARA])
    original = task(0)
    assert amara == resolve({"s": [task(9), original]}, known, Base())["s"]
    assert amara == resolve({"s": [task(9)]}, known, Base())["s"]


def test_a_link_joins_persons() -> None:
    """Two who were known apart are one as soon as something belongs to both."""
    known = FakeIdentities()
    amara, ben = told(known, [AMARA], [PHONE])
    (both,) = told(known, [AMARA, PHONE])
    assert amara == both
    assert (ben,) == known.find_by_keys([PHONE])[PHONE].halves


@pytest.mark.parametrize("shared", [PHONE, FLEX, AMARA])
def test_a_shared_key_identifies_nobody(shared: str) -> None:
    """A switchboard, a family's phone, an agent's test address: known by it alone, everybody is somebody new."""
    first, second = ("external#1", "external#2") if shared == AMARA else (AMARA, BEN)
    known = FakeIdentities()
    one, other, again = told(known, [first, shared], [second, shared], [second, shared])
    assert one != other == again
    alone, another = told(known, [shared], [shared])
    assert 4 == len({one, other, alone, another})
    assert [{first}, {second}] == [keys_of(known, key) for key in (first, second)]
    assert ["CH1" in known.find_by_keys(["conversation#CH1"]), {}] == [False, known.find_by_keys([shared])]


def test_a_shared_key_is_no_contradiction() -> None:
    """A test address says nothing about the customers that it was used for."""
    known = FakeIdentities()
    told(known, ["external#1", AMARA], ["external#2", AMARA])
    ben, cleo, again = told(known, [BEN, PHONE], [AMARA, OTHER_PHONE], [BEN, OTHER_PHONE])
    assert cleo == told(known, [AMARA, OTHER_PHONE])[0] != ben or ben == again
    assert again == told(known, [BEN])[0] == told(known, [OTHER_PHONE, AMARA])[0]


def test_a_new_address_of_a_known_account() -> None:
    """The external id says who it is: both addresses are theirs, in whatever order they are told."""
    for subjects in permutations([["external#1", AMARA], ["external#1", BEN], [BEN]]):
        known = FakeIdentities()
        told(known, *subjects)
        assert {"external#1", AMARA, BEN} == keys_of(known, BEN)


@pytest.mark.parametrize(
    ("some", "others", "expected"),
    [
        ([], [], False),
        ([AMARA], [PHONE], False),
        ([AMARA], [AMARA, BEN], False),
        ([AMARA], [BEN], True),
        (["external#1", AMARA], ["external#2", AMARA], True),
        (["external#1", AMARA], ["external#1", BEN], False),
        (["external#1", AMARA], [AMARA], False),
        (["airtable#rec1"], ["airtable#rec2"], False),
    ],
)
def test_differing(some: list[str], others: list[str], expected: bool) -> None:
    """The strongest kind that both have decides."""
    assert expected is keys_contradict(some, others)
    assert expected is keys_contradict(others, some)


@pytest.mark.parametrize(
    "key",
    [
        *(f"phone#{number}" for number in phone.HIDDEN_NUMBERS),
        *("phone#Anonymous", "phone#restricted", "phone#", "phone#447900000012", "phone#+123", "phone#client:jo"),
        *("flex#Anonymous", "flex#unknown", "flex# ", "email#", "email#a\x00b@example.com", "flex#a\ud800"),
        *("name#Amara", "#", "", "task", "task#"),
    ],
)
def test_keys_that_stand_for_nobody(key: str) -> None:
    """Hidden callers, numbers that are none, empty names and kinds nobody knows lead to nobody."""
    assert [] == select_usable_keys([key])
    known = FakeIdentities()
    one, other = told(known, [key], [key])
    assert one != other


def test_a_subject_without_keys_has_no_person() -> None:
    """There is nothing to find them by."""
    assert {} == resolve({"s": ["phone#+266696687"], "t": []}, FakeIdentities(), Base())


def test_keys_are_ordered_and_bounded() -> None:
    """The strongest come first, each once; a subject that tells hundreds is cut."""
    keys = [PHONE, FLEX, AMARA, "airtable#rec1", "external#1", "conversation#CH1", task(2), task(1), PHONE]
    expected = [task(2), task(1), "conversation#CH1", "external#1", AMARA, FLEX, "airtable#rec1", PHONE]
    assert expected == select_usable_keys(keys)
    assert MAX_KEYS_PER_SUBJECT == len(select_usable_keys(f"email#{number}@example.com" for number in range(500)))


CONTACT = Contact(id="rec1", sms=number_of(PHONE), whatsapp=number_of(OTHER_PHONE), email=" Amara@Example.com ")
ALL = {"airtable#rec1", AMARA, PHONE, OTHER_PHONE}


def test_the_base_adds_what_it_knows() -> None:
    """A number that exactly one contact has brings the contact's other keys."""
    known = FakeIdentities()
    told(known, [PHONE], base=Base(CONTACT))
    assert ALL == keys_of(known, PHONE)


def test_the_base_joins_what_was_known_apart() -> None:
    """What was told before by address is found through the contact, whoever was known first."""
    for subjects in permutations([[PHONE], [AMARA], [FLEX, OTHER_PHONE]]):
        known = FakeIdentities()
        told(known, *subjects, base=Base(CONTACT))
        assert 1 == len({person.id for person in known.find_by_keys([PHONE, AMARA, FLEX, OTHER_PHONE]).values()})
        assert ALL == keys_of(known, FLEX)


def test_the_base_joins_the_person_of_a_stronger_key() -> None:
    """A number that is new to somebody brings them together with whom its contact is known as."""
    for subjects in permutations([[AMARA], [FLEX], [FLEX, PHONE]]):
        known = FakeIdentities()
        told(known, *subjects, base=Base(CONTACT))
        assert known.find_by_keys([AMARA])[AMARA] == known.find_by_keys([FLEX])[FLEX]


def test_a_batch_knows_what_it_has_done() -> None:
    """Whom one subject joined the next one finds as one, without another look."""

    class Counting(FakeIdentities):
        looks = 0

        def find_claims(self, keys: Iterable[str]) -> dict[str, Any]:
            self.looks += 1
            return super().find_claims(keys)

    known = Counting()
    told(known, [AMARA], [PHONE])
    known.looks = 0
    batch = {"1": [task(7), AMARA, PHONE], "2": [task(8), PHONE], "3": [task(9), PHONE, "external#1"], "4": [task(8)]}
    assert 1 == len(set(resolve(batch, known, Base()).values()))
    assert 1 == known.looks


def test_the_base_is_asked_once_a_number() -> None:
    """A known number costs nothing more."""
    known, base = FakeIdentities(), Base(CONTACT)
    told(known, [PHONE], base=base)
    assert 2 == len(base.asked)
    told(known, [PHONE], [OTHER_PHONE, PHONE], [AMARA], base=base)
    assert 2 == len(base.asked)


def test_a_number_of_two_contacts_adds_nothing() -> None:
    """Nobody can say which of them it is; nor does it link the one to the other."""
    shared = Contact(id="rec2", sms=number_of(OTHER_PHONE), whatsapp=number_of(THIRD_PHONE))
    known, base = FakeIdentities(), Base(CONTACT, shared)
    one, other, between = told(known, [PHONE], [THIRD_PHONE], [OTHER_PHONE], base=base)
    assert 3 == len({one, other, between})
    assert {"airtable#rec1", AMARA, PHONE} == keys_of(known, PHONE)


@pytest.mark.parametrize("keys", [[BEN, PHONE], [PHONE, FLEX]])
def test_a_contact_that_is_somebody_else(keys: list[str]) -> None:
    """Who says another address than the contact has is not the contact, though the number is the same."""
    known = FakeIdentities()
    (ben,) = told(known, [BEN, FLEX])
    assert [ben] == told(known, keys if FLEX in keys else [*keys, FLEX], base=Base(CONTACT))
    assert {BEN, PHONE} == keys_of(known, PHONE)
    assert {} == known.find_by_keys([AMARA, "airtable#rec1"])


def test_a_switchboard_does_not_grow() -> None:
    """A person of a hundred keys gets no more, but for their tasks; nor are two joined beyond that."""
    known = FakeIdentities()
    phones = [f"phone#+4479000{number:05}" for number in range(MAX_KEYS_COUNT + 20)]
    persons = told(known, *([FLEX, phone] for phone in phones))
    assert 1 == len(set(persons))
    assert MAX_KEYS_COUNT == len(keys_of(known, FLEX))
    (other,) = told(known, [AMARA])
    assert [other, other, persons[0]] == told(known, [FLEX, AMARA], [AMARA], [FLEX])


def test_a_person_of_many_halves_is_joined_no_more() -> None:
    """For each half has to be read whenever Brevo is told."""
    known = FakeIdentities()
    phones = [f"phone#+4479000{number:05}" for number in range(MAX_HALVES_COUNT + 5)]
    told(known, [FLEX], *([phone] for phone in phones))
    told(known, *([FLEX, phone] for phone in phones))
    assert MAX_HALVES_COUNT == len(known.find_by_keys([FLEX])[FLEX].halves)


class Disturbed(FakeIdentities):
    """People among whom somebody else is always quicker: before each write an act of theirs comes."""

    def __init__(self, acts: Iterable[Callable[["Disturbed"], object]]) -> None:
        super().__init__()
        self._acts = list(acts)

    def _disturb(self) -> None:
        if self._acts:
            self._acts.pop(0)(self)

    def create_person(self, keys: Iterable[str], source: str = "", erased_at: int = 0) -> str | None:
        self._disturb()
        return super().create_person(keys, source, erased_at)

    def attach_keys(self, person_id: str, keys: Iterable[str], source: str = "") -> bool:
        self._disturb()
        return super().attach_keys(person_id, keys, source)

    def join_persons(self, person_id: str, other_id: str) -> bool:
        self._disturb()
        return super().join_persons(person_id, other_id)


def taking(*keys: str) -> Callable[[FakeIdentities], object]:
    return lambda known: FakeIdentities.create_person(known, keys)


def giving(key: str, *more: str) -> Callable[[FakeIdentities], object]:
    return lambda known: FakeIdentities.attach_keys(known, known._keys[key][0], more)


def joining(key: str, other: str) -> Callable[[FakeIdentities], object]:
    return lambda known: FakeIdentities.join_persons(known, known._keys[key][0], known._keys[other][0])


@pytest.mark.parametrize(
    "acts",
    [
        [taking(PHONE)],
        [taking(AMARA)],
        [taking(AMARA), taking(PHONE)],
        [taking(AMARA), giving(AMARA, PHONE)],
        [taking(AMARA), taking(PHONE), giving(AMARA, "external#1"), joining(AMARA, PHONE)],
        [taking(PHONE), taking(AMARA), joining(PHONE, AMARA), giving(PHONE, OTHER_PHONE)],
        [taking(task(1), AMARA, PHONE)],
    ],
)
def test_somebody_was_quicker(acts: list[Callable[[FakeIdentities], object]]) -> None:
    """Whatever others did between reading and writing, all keys are one person's in the end."""
    known = Disturbed(acts)
    person_id = resolve({"s": [task(1), AMARA, PHONE]}, known, Base())["s"]
    assert {person_id} == {person.id for person in known.find_by_keys([task(1), AMARA, PHONE]).values()}
    assert 3 == len(known.find_by_keys([task(1), AMARA, PHONE]))


def test_always_too_late_is_an_error() -> None:
    """Somebody who is disturbed again and again gives up, so that the batch comes again."""

    class Refusing(FakeIdentities):
        tries = 0

        def create_person(self, keys: Iterable[str], source: str = "", erased_at: int = 0) -> str | None:  # noqa: ARG002  whatever they are
            self.tries += 1
            return None

    known = Refusing()
    with pytest.raises(UnavailableError):
        resolve({"s": [AMARA]}, known, Base())
    assert MAX_ATTEMPTS == known.tries


POOL = [FLEX, "flex#b", "conversation#CH1", "conversation#CH2", AMARA, "external#1", PHONE, OTHER_PHONE, THIRD_PHONE]
BASE = [
    CONTACT,
    Contact(id="rec2", sms=number_of(THIRD_PHONE)),
    Contact(id="rec3", whatsapp="+447900000019", sms=number_of(THIRD_PHONE)[:-1] + "8"),
]
SUBJECTS = st.lists(st.sets(st.sampled_from([*POOL, "phone#+447900000019"]), max_size=3), min_size=1, max_size=8)


def expected(subjects: Mapping[str, Sequence[str]], contacts: Sequence[Contact]) -> set[frozenset[str]]:
    """Return the subjects that belong together: whose keys, those of the numbers' contacts included, are linked."""
    groups: list[tuple[set[str], set[str]]] = []
    for subject, keys in subjects.items():
        linked = {*keys, *(key for own in keys for key in list_contact_keys(own, Base(*contacts)))}
        names = {subject}
        touching = [group for group in groups if group[0] & linked]
        groups = [group for group in groups if group not in touching]
        groups.append((linked.union(*(g[0] for g in touching)), names.union(*(g[1] for g in touching))))
    return {frozenset(names) for _, names in groups}


@pytest.mark.prove
@settings(max_examples=size(100, 300))
@given(subjects=SUBJECTS, seed=st.integers(0, 2**32), with_base=st.booleans())
def test_order_and_cut_do_not_matter(subjects: list[set[str]], seed: int, with_base: bool) -> None:
    """However subjects are ordered, repeated and cut into batches, the same of them are one person in the end."""
    contacts = BASE if with_base else []
    given_subjects = {task(place): [task(place), *sorted(keys)] for place, keys in enumerate(subjects)}
    draw = random.Random(seed)  # noqa: S311  an order
    order = [*given_subjects, *draw.sample([*given_subjects], len(given_subjects) // 2)]
    draw.shuffle(order)
    known = FakeIdentities()
    while order:
        cut = draw.randint(1, len(order))
        batch, order = order[:cut], order[cut:]
        resolve({subject: given_subjects[subject] for subject in batch}, known, Base(*contacts))
    assert expected(given_subjects, contacts) == grouped(known, given_subjects)


@pytest.mark.prove
@settings(max_examples=size(100, 300))
@given(subjects=SUBJECTS, seed=st.integers(0, 2**32), data=st.data())
def test_others_at_work_do_not_matter(subjects: list[set[str]], seed: int, data: Any) -> None:
    """Whatever of the same others write in between, the same subjects are one person in the end."""
    given_subjects = {task(place): [task(place), *sorted(keys)] for place, keys in enumerate(subjects)}
    draw = random.Random(seed)  # noqa: S311  an order

    def other(known: FakeIdentities) -> None:
        quiet = FakeIdentities()
        quiet._keys, quiet.profiles = known._keys, known.profiles
        subject = draw.choice([*given_subjects])
        resolve({subject: given_subjects[subject]}, quiet, Base(*BASE))

    known = Disturbed([other] * data.draw(st.integers(0, 4)))
    resolve(given_subjects, known, Base(*BASE))
    assert expected(given_subjects, BASE) == grouped(known, given_subjects)


def grouped(known: FakeIdentities, subjects: Iterable[str]) -> set[frozenset[str]]:
    found: dict[str, set[str]] = {}
    for subject, person in known.find_by_keys(subjects).items():
        found.setdefault(person.id, set()).add(subject)
    return set(map(frozenset, found.values()))
