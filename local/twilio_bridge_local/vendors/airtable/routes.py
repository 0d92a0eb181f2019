"""The paths of Airtable's Web API and what each does, for the server.

Everything about tokens, limits and faults has happened when a view here is called.
"""

from collections.abc import Callable

from flask import Flask, Response, g, jsonify, request

from twilio_bridge_local.vendors.airtable import writing
from twilio_bridge_local.vendors.airtable.answers import bases_answer, record_answer, schema_answer, whoami_answer
from twilio_bridge_local.vendors.airtable.errors import invalid_body, model_not_found, not_found
from twilio_bridge_local.vendors.airtable.listing import Listings, from_query, list_query
from twilio_bridge_local.vendors.airtable.store import Base, Record, Table

TABLE_PATH = "/v0/<base_id>/<table_name>"
RECORD_PATH = "/v0/<base_id>/<table_name>/<record_id>"
Body = dict[str, object]


def add_routes(app: Flask, base: Base, base_id: str, listings: Listings, webhooks_allowed: Callable[[], bool]) -> None:
    """Put the API's paths on the app."""
    views = _Views(base, listings)
    app.url_value_preprocessor(_set_base_id_aside)
    app.add_url_rule("/v0/meta/whoami", "whoami", lambda: jsonify(whoami_answer(webhooks_allowed=webhooks_allowed())))
    app.add_url_rule("/v0/meta/bases", "bases", lambda: jsonify(bases_answer(base_id)))
    app.add_url_rule("/v0/meta/bases/<base_id>/tables", "schema", views.schema)
    app.add_url_rule(f"{TABLE_PATH}/listRecords", "list by POST", views.list_by_post, methods=["POST"])
    for path, methods in (
        (TABLE_PATH, views.of_table()),
        (RECORD_PATH, views.of_record()),
    ):
        for method, view in methods.items():
            app.add_url_rule(path, f"{method} {path}", view, methods=[method])


def _set_base_id_aside(_endpoint: str | None, values: dict[str, str] | None) -> None:
    """For the server, which compares it; the views know one base only."""
    g.base_id = (values or {}).pop("base_id", None)


class _Views:
    """The views; each takes what its path names."""

    def __init__(self, base: Base, listings: Listings) -> None:
        self.base = base
        self.listings = listings

    def of_table(self) -> dict[str, Callable[..., Response]]:
        return {
            "GET": self.list_by_get,
            "POST": self.create,
            "PATCH": lambda **path: self.update_many(**path, clear=False),
            "PUT": lambda **path: self.update_many(**path, clear=True),
            "DELETE": self.delete_many,
        }

    def of_record(self) -> dict[str, Callable[..., Response]]:
        return {
            "GET": self.get,
            "PATCH": lambda **path: self.update_one(**path, clear=False),
            "PUT": lambda **path: self.update_one(**path, clear=True),
            "DELETE": self.delete,
        }

    def table(self, name: str) -> Table:
        table = self.base.table(name)
        if table is None:
            raise model_not_found()
        return table

    def schema(self) -> Response:
        return jsonify(schema_answer(self.base))

    def list_by_get(self, table_name: str) -> Response:
        return self.listing(self.table(table_name), from_query(request.args))

    def list_by_post(self, table_name: str) -> Response:
        return self.listing(self.table(table_name), _body())

    def listing(self, table: Table, asked: Body) -> Response:
        query = list_query(asked, table)
        records, offset = self.listings.page(table, query)
        answer: Body = {"records": [record_answer(table, record, query.fields) for record in records]}
        return jsonify({**answer, "offset": offset} if offset else answer)

    def create(self, table_name: str) -> Response:
        table, body = self.table(table_name), _body()
        records = writing.create(self.base, table, body)
        return jsonify(_several(table, records) if "records" in body else record_answer(table, records[0]))

    def update_many(self, table_name: str, *, clear: bool) -> Response:
        table, body = self.table(table_name), _body()
        if "performUpsert" not in body:
            return jsonify(_several(table, writing.update_many(self.base, table, body, clear=clear)))
        done = writing.upsert(self.base, table, body, clear=clear)
        ids = {"createdRecords": list(done.created), "updatedRecords": list(done.updated)}
        return jsonify({**_several(table, done.records), **ids})

    def delete_many(self, table_name: str) -> Response:
        ids = request.args.getlist("records[]") or request.args.getlist("records")
        writing.delete_many(self.base, self.table(table_name), ids)
        return jsonify({"records": [{"id": record_id, "deleted": True} for record_id in ids]})

    def get(self, table_name: str, record_id: str) -> Response:
        table = self.table(table_name)
        record = table.records.get(record_id)
        if record is None:
            raise not_found()
        return jsonify(record_answer(table, record))

    def update_one(self, table_name: str, record_id: str, *, clear: bool) -> Response:
        table = self.table(table_name)
        record = writing.update_one(self.base, table, record_id, _body(), clear=clear)
        return jsonify(record_answer(table, record))

    def delete(self, table_name: str, record_id: str) -> Response:
        writing.delete_one(self.base, self.table(table_name), record_id)
        return jsonify({"id": record_id, "deleted": True})


def _several(table: Table, records: list[Record] | tuple[Record, ...]) -> Body:
    return {"records": [record_answer(table, record) for record in records]}


def _body() -> Body:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise invalid_body()
    return body
