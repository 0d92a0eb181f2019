"""The paths of Brevo's API and what each does, for the server.

Keys, limits and faults have had their turn when a view here is called. It runs under the account's lock.
"""

from collections.abc import Callable
from functools import wraps

from flask import Flask, Response, jsonify, request

from twilio_bridge_local.vendors.brevo import contacts, events, lists, set_up
from twilio_bridge_local.vendors.brevo.account import Account
from twilio_bridge_local.vendors.brevo.answers import account_answer, contact_answer, list_details
from twilio_bridge_local.vendors.brevo.attributes import MOST, new_attribute
from twilio_bridge_local.vendors.brevo.contact_listing import contacts_answer
from twilio_bridge_local.vendors.brevo.errors import bad_request, invalid
from twilio_bridge_local.vendors.brevo.event_listing import events_answer
from twilio_bridge_local.vendors.brevo.identifiers import named

CONTACT_PATH = "/v3/contacts/<identifier>"
LIST_PATH = "/v3/contacts/lists/<int:list_id>"
View = Callable[..., Response]


def add_routes(app: Flask, account: Account) -> None:
    """Put the API's paths on the app."""
    views = _Views(account)
    for method, path, view in (
        ("GET", "/v3/account", views.account_details),
        ("GET", "/v3/contacts", views.contacts),
        ("POST", "/v3/contacts", views.create_contact),
        ("GET", CONTACT_PATH, views.contact),
        ("PUT", CONTACT_PATH, views.update_contact),
        ("DELETE", CONTACT_PATH, views.delete_contact),
        ("GET", "/v3/contacts/attributes", views.attributes),
        ("POST", "/v3/contacts/attributes/<category>/<name>", views.create_attribute),
        ("DELETE", "/v3/contacts/attributes/<category>/<name>", views.delete_attribute),
        ("GET", "/v3/contacts/folders", views.folders),
        ("POST", "/v3/contacts/lists", views.create_list),
        ("DELETE", LIST_PATH, views.delete_list),
        ("GET", "/v3/contacts/lists", views.lists),
        ("GET", LIST_PATH, views.one_list),
        ("POST", f"{LIST_PATH}/contacts/add", views.add_to_list),
        ("POST", f"{LIST_PATH}/contacts/remove", views.remove_from_list),
        ("GET", "/v3/events", views.events),
        ("POST", "/v3/events", views.create_event),
        ("POST", "/v3/events/batch", views.create_events),
    ):
        app.add_url_rule(path, f"{method} {path}", _alone(account, view), methods=[method])


def _alone(account: Account, view: View) -> View:
    @wraps(view)
    def locked(**path: object) -> Response:
        with account.lock:
            return view(**path)

    return locked


class _Views:
    """The views; each takes what its path names."""

    def __init__(self, account: Account) -> None:
        self.account = account

    def account_details(self) -> Response:
        return jsonify(account_answer())

    def contacts(self) -> Response:
        return jsonify(contacts_answer(self.account))

    def create_contact(self) -> Response:
        body = _body()
        contact, new = contacts.create(self.account, body)
        if new:
            return _json(201, {"id": contact.id})
        # Only 201 and 204 are documented, and that getId brings the id of the contact that is left.
        return _json(200, {"id": contact.id}) if body.get("getId") is True else _nothing()

    def contact(self, identifier: str) -> Response:
        contact = named(self.account, identifier, request.args.get("identifierType"))
        return jsonify({**contact_answer(contact), "statistics": {}})

    def update_contact(self, identifier: str) -> Response:
        contact = named(self.account, identifier, request.args.get("identifierType"))
        contacts.update(self.account, contact, _body())
        return _nothing()

    def delete_contact(self, identifier: str) -> Response:
        contact = named(self.account, identifier, request.args.get("identifierType"))
        del self.account.contacts[contact.id]
        return _nothing()

    def attributes(self) -> Response:
        return jsonify({"attributes": [attribute.answer for attribute in self.account.attributes.values()]})

    def create_attribute(self, category: str, name: str) -> Response:
        made = new_attribute(category, name.upper(), _body())
        if made.name in self.account.attributes:
            raise invalid("Attribute name must be unique")
        if len(self.account.attributes) >= MOST:
            raise invalid(f"An account can have at most {MOST} attributes")
        self.account.add_attributes([made])
        return _nothing(201)

    def delete_attribute(self, category: str, name: str) -> Response:
        set_up.delete_attribute(self.account, category, name)
        return _nothing()

    def folders(self) -> Response:
        return jsonify(set_up.folders_answer(self.account))

    def create_list(self) -> Response:
        return _json(201, set_up.create_list(self.account, _body()))

    def delete_list(self, list_id: int) -> Response:
        set_up.delete_list(self.account, list_id)
        return _nothing()

    def lists(self) -> Response:
        return jsonify(lists.lists_answer(self.account))

    def one_list(self, list_id: int) -> Response:
        return jsonify(list_details(self.account, lists.found(self.account, list_id)))

    def add_to_list(self, list_id: int) -> Response:
        return _json(201, {"contacts": lists.add(self.account, list_id, _body())})

    def remove_from_list(self, list_id: int) -> Response:
        return _json(201, {"contacts": lists.remove(self.account, list_id, _body())})

    def events(self) -> Response:
        return jsonify(events_answer(self.account))

    def create_event(self) -> Response:
        events.accept(self.account, _body())
        return _nothing()

    def create_events(self) -> Response:
        return _json(*events.accept_batch(self.account, request.get_json(force=True, silent=True)))


def _body() -> dict[str, object]:
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise bad_request()
    return body


def _json(status: int, body: dict[str, object]) -> Response:
    response = jsonify(body)
    response.status_code = status
    return response


def _nothing(status: int = 204) -> Response:
    return Response(status=status)
