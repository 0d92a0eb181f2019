"""A simulated Twilio account that answers every operation of the description.

`TwilioApi.answer` checks a request against the description, and reads or changes what the account holds.
"""

import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from twilio_bridge_local.vendors.twilio.errors import refusal
from twilio_bridge_local.vendors.twilio.openapi.checks import check_request
from twilio_bridge_local.vendors.twilio.openapi.filters import make_tests
from twilio_bridge_local.vendors.twilio.openapi.links import DEFAULT_PAGE_SIZE, FIRST_API, ListAddress, read_token
from twilio_bridge_local.vendors.twilio.openapi.resources import (
    Resource,
    new_sid,
    now,
    put_values,
    sample,
    snake,
    touch,
)
from twilio_bridge_local.vendors.twilio.openapi.routes import DESCRIPTION, PAGING, Match, Route, Routes, load_routes
from twilio_bridge_local.vendors.twilio.openapi.store import Collection, Store

Pairs = Sequence[tuple[str, str]]
NOT_FOUND: Final = 20404
CREATED: Final = ("date_created", "date_updated")
NEVER_AT_FIRST: Final = frozenset({"date_sent", "price", "error_code", "error_message", "end_time", "deleted_at"})


@dataclass(frozen=True)
class ApiRequest:
    """A request to a product: `path` as it came, percent-encoded; `user` and `password` of its login."""

    product: str
    method: str
    path: str
    query: Pairs = ()
    form: Pairs = ()
    json: Mapping[str, Any] | None = None
    user: str = ""
    password: str = ""


@dataclass(frozen=True)
class ApiAnswer:
    """A status, and the JSON of the answer; None where it has none."""

    status: int
    content: Resource | None = None


@dataclass
class TwilioApi:
    """An account, its sub-accounts and what they hold.

    Attributes:
        sub_accounts: Auth tokens by SID.
        api_keys: Secrets by SID.
        seeded: How many sample resources a collection has when it is first asked for.
        bare: Paths of the description whose collections have none, for what is added to them is the whole.
    """

    account_sid: str
    auth_token: str
    sub_accounts: dict[str, str] = field(default_factory=dict)
    api_keys: dict[str, str] = field(default_factory=dict)
    seeded: int = 0
    bare: frozenset[str] = frozenset()
    routes: Routes = field(default_factory=lambda: load_routes(DESCRIPTION), repr=False)
    _store: Store = field(default_factory=Store, repr=False)
    _singles: dict[tuple[str, str], Route | None] = field(default_factory=dict, repr=False)

    def clear(self) -> None:
        """Forget all resources; sample resources come anew."""
        self._store = Store()

    def answer(self, request: ApiRequest) -> ApiAnswer:
        """Answer a request, or raise TwilioError."""
        login = self.find_login(request.user, request.password)
        match = self.routes.find(request.product, request.method, request.path)
        if match is None:
            known = any(True for _ in self.routes.matches(request.product, request.path))
            raise refusal(20405 if known else NOT_FOUND, request.path)
        account = self._account(match, login)
        check_request(match, request.query, request.form)
        if match.route.verb == "List":
            return ApiAnswer(200, self._list(match, account, request.query))
        return self._answer_one(match, account, request)

    def add_rows(self, product: str, path: str, rows: Iterable[Resource], *, account_sid: str = "") -> None:
        """Put resources at the end of the collection at a list's path, each completed from a sample."""
        match = self.routes.find(product, "GET", path)
        if match is None or match.route.verb != "List":
            raise ValueError(f"{path} is no list of {product}")
        collection = self._collection(match, account_sid or match.values.get("AccountSid", self.account_sid))
        at = now()
        for row in rows:
            made = sample(match.route.row, collection.last + 1, at)
            resource = {**self._in_place(match, made, account_sid), **row}
            collection.add(self._key(match.route, resource, collection.last + 1), resource)

    def replace_rows(self, product: str, path: str, rows: Iterable[Resource]) -> None:
        """Put resources in place of those of the collection at a list's path."""
        match = self.routes.find(product, "GET", path)
        if match is not None:
            self._collection(match, self.account_sid).clear()
        self.add_rows(product, path, rows)

    def find_login(self, user: str, password: str) -> str:
        """Return the account that asks, or raise Twilio's 401."""
        known = {self.account_sid: self.auth_token, **self.sub_accounts, **self.api_keys}
        expected = known.get(user)
        if expected is None or not hmac.compare_digest(expected.encode(), password.encode()):
            raise refusal(20003)
        return self.account_sid if user in self.api_keys else user

    def _account(self, match: Match, login: str) -> str:
        """Return whose resources are meant: the first API's paths name an account, which may be a sub-account."""
        if match.route.product != FIRST_API or "AccountSid" not in match.values:
            return login
        named = match.values["AccountSid"]
        allowed = {self.account_sid, *self.sub_accounts} if login == self.account_sid else {login}
        if named not in allowed:
            raise refusal(NOT_FOUND, f"/Accounts/{named}")
        return named

    def _list(self, match: Match, account: str, query: Pairs) -> Resource:
        route, given = match.route, dict(query)
        size = int(given.get("PageSize", min(DEFAULT_PAGE_SIZE, route.query.get("PageSize", {}).get("maximum", 1000))))
        newest_first = route.product == FIRST_API or given.get("Order") == "desc"
        after, tests = read_token(given.get("PageToken", "")), make_tests(route, query)
        collection = self._collection(match, account)
        rows, last = collection.page(after, size, tests, newest_first=newest_first)
        place = ListAddress(match, [(name, value) for name, value in query if name not in PAGING], size)
        return {route.rows_key: rows, **place.links(int(given.get("Page", 0)), last)}

    def _answer_one(self, match: Match, account: str, request: ApiRequest) -> ApiAnswer:
        route, collection = match.route, self._collection(match, account)
        if route.verb == "Create":
            return ApiAnswer(route.status, self._create(match, collection, account, request))
        key = match.values.get(route.key_param, "")
        resource = collection.get(key) or self._on_demand(match, collection, account, key)
        if route.verb == "Delete":
            collection.remove(key)
            return ApiAnswer(204)
        if route.verb == "Update":
            resource = self._update(match, resource, request)
            collection.add(key, resource)
        return ApiAnswer(route.status, resource)

    def _create(self, match: Match, collection: Collection, account: str, request: ApiRequest) -> Resource:
        route, number = match.route, collection.last + 1
        made = self._in_place(match, sample(route.answer, number, now()), account)
        made = {name: None if name in NEVER_AT_FIRST else value for name, value in made.items()}
        made = self._update(
            match, {**made, **({"sid": self._new_sid(match, number)} if "sid" in made else {})}, request
        )
        made = touch(made, route.answer, CREATED, now())
        shown = self._row_of(match)
        if "sid" in made or "sid" not in shown:  # validating a caller id makes none yet
            collection.add(self._key(route, made, number), {name: made[name] for name in shown if name in made})
        return made

    def _update(self, match: Match, resource: Resource, request: ApiRequest) -> Resource:
        if request.json is not None:
            return {**resource, **{name: value for name, value in request.json.items() if name in match.route.answer}}
        changed = put_values(resource, match.route.answer, request.form)
        return touch(changed, match.route.answer, ["date_updated"], now())

    def _collection(self, match: Match, account: str) -> Collection:
        route = match.route
        path = route.path.removesuffix(".json")
        base = path.rpartition("/")[0] if route.key_param else path
        concrete = re.sub(r"\{(\w+)\}", lambda found: match.values[found[1]], base)
        return self._store.collection((route.product, account, concrete), lambda: self._begin(match, base, account))

    def _begin(self, match: Match, base: str, account: str) -> Collection:
        """Return a collection with its sample resources; that of accounts holds those there are."""
        collection = Collection()
        listing = next((route for route in self.routes.all if _lists(route, match.route.product, base)), None)
        if listing is None:
            return collection
        if base == "/2010-04-01/Accounts":
            return self._begin_accounts(listing, collection)
        above = {name: value for name, value in match.values.items() if name != match.route.key_param}
        for number in range(1, 0 if base in self.bare else self.seeded + 1):
            resource = self._in_place(Match(listing, above), sample(listing.row, number, now()), account)
            collection.add(self._key(listing, resource, number), resource)
        return collection

    def _begin_accounts(self, listing: Route, collection: Collection) -> Collection:
        for sid, token in {self.account_sid: self.auth_token, **self.sub_accounts}.items():
            known = {"sid": sid, "auth_token": token, "owner_account_sid": self.account_sid, "status": "active"}
            collection.add(sid, {**sample(listing.row, collection.last + 1, now()), **known})
        return collection

    def _on_demand(self, match: Match, collection: Collection, account: str, key: str) -> Resource:
        """Return what is there without having been created (balances, statistics); else there is no such resource."""
        base = match.route.path.removesuffix(".json").rpartition("/")[0]
        made_here = any(
            route.path.removesuffix(".json") == base
            for route in self.routes.all
            if route.product == match.route.product
        )
        if match.route.key_param and made_here:
            raise refusal(NOT_FOUND, match.route.path)
        resource = self._in_place(match, sample(match.route.answer, 1, now()), account)
        if "call_score" in resource:  # nobody has rated the call yet
            resource |= {"call_score": None, "comment": None, "incident": None, "spam": None}
        collection.add(key, resource)
        return resource

    def _in_place(self, match: Match, resource: Resource, account: str) -> Resource:
        """Return a resource with the values that its path has, and its account."""
        values = {snake(name): value for name, value in match.values.items()}
        values |= {"account_sid": account or self.account_sid}
        return {**resource, **{name: value for name, value in values.items() if name in resource}}

    def _key(self, route: Route, resource: Resource, number: int) -> str:
        """Return what a path to this one resource would hold."""
        single = self._single(route)
        param = single.key_param if single else "Sid"
        return str(resource.get(snake(param)) or resource.get("sid") or number)

    def _new_sid(self, match: Match, number: int) -> str:
        single = self._single(match.route)
        return new_sid(single.places[single.key_param] if single else match.route.answer["sid"], number)

    def _single(self, route: Route) -> Route | None:
        place = (route.product, route.path)
        if place not in self._singles:
            self._singles[place] = self._find_single(route)
        return self._singles[place]

    def _find_single(self, route: Route) -> Route | None:
        base = route.path.removesuffix(".json")
        fitting = (each for each in self.routes.all if each.product == route.product and each.key_param)
        return next((each for each in fitting if each.path.removesuffix(".json").rpartition("/")[0] == base), None)

    def _row_of(self, match: Match) -> Iterable[str]:
        listing = (each for each in self.routes.all if each.path == match.route.path and each.verb == "List")
        found = next((each for each in listing if each.product == match.route.product), None)
        return found.row if found else match.route.answer


def _lists(route: Route, product: str, base: str) -> bool:
    return route.verb == "List" and route.product == product and route.path.removesuffix(".json") == base
