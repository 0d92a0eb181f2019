"""Okta's stand-in over HTTP: an application is made once with what SAML wants, and deleted once it is inactive."""

from typing import Any

import pytest
import requests
from flask import Flask, Response

from twilio_bridge.errors import RefusedError
from twilio_bridge_cli.commands.setup.okta import PAGE_SIZE, OktaSetup, build_application
from twilio_bridge_local.vendors.okta.server import OktaStandIn


def ask(okta: OktaStandIn, method: str, path: str, token: str = "", **given: Any) -> requests.Response:
    headers = {"Authorization": f"SSWS {token or okta.token}"}
    return requests.request(method, f"{okta.url}/api/v1/apps{path}", headers=headers, timeout=5, **given)


def test_an_application_lives_and_dies() -> None:
    """It is listed until it is deactivated and deleted."""
    with OktaStandIn() as okta:
        made = ask(okta, "POST", "", json=build_application("Frontline", "JB" + "1" * 32)).json()
        path = f"/{made['id']}"

        assert [made] == ask(okta, "GET", "").json()
        assert (403, "E0000056") == (
            ask(okta, "DELETE", path).status_code,
            ask(okta, "DELETE", path).json()["errorCode"],
        )
        assert 200 == ask(okta, "POST", f"{path}/lifecycle/deactivate").status_code
        assert 204 == ask(okta, "DELETE", path).status_code
        assert 404 == ask(okta, "GET", path).status_code


def test_what_okta_refuses() -> None:
    """Another token, and an application without what SAML wants."""
    lacking = build_application("Frontline", "JB" + "1" * 32)
    lacking["settings"]["signOn"]["audience"] = ""
    with OktaStandIn() as okta:
        assert 401 == ask(okta, "GET", "", token="another").status_code
        assert 400 == ask(okta, "POST", "", json=lacking).status_code
        assert 400 == ask(okta, "POST", "", json={"label": "x"}).status_code
        assert [] == ask(okta, "GET", "").json()


def test_an_application_is_found_on_any_page() -> None:
    """Else each run of the set-up made another one."""
    realm = "JB" + "2" * 32
    with OktaStandIn() as okta:
        for number in range(2 * PAGE_SIZE + 1):
            okta.applications[f"0oa{number:03}"] = {"id": f"0oa{number:03}", "name": "x", "label": "another"}
        last = build_application("Frontline", realm) | {"id": "0oz", "name": "ours"}
        okta.applications["0oz"] = last
        setup = OktaSetup(okta.url, okta.token, realm, "Frontline")

        assert list(setup.plan()) == []
        assert setup.find_instructions().startswith(f"{okta.url}/app/ours/0oz/")
        (removal,) = setup.plan_removal()
        assert removal.apply() == "deleted"
        assert "0oz" not in okta.applications


@pytest.mark.parametrize(
    "answer", [Response(status=301, headers={"Location": "https://x"}), Response("<html>"), Response("{}")]
)
def test_whoever_is_not_okta_is_named(answer: Response) -> None:
    """An address that leads elsewhere, or to a page for people."""

    class Elsewhere(OktaStandIn):
        def add_routes(self, app: Flask) -> None:
            app.add_url_rule("/api/v1/apps", "list", lambda: answer)

    with Elsewhere() as elsewhere:
        setup = OktaSetup(elsewhere.url, elsewhere.token, "JB", "Frontline")
        with pytest.raises(RefusedError, match="check OKTA_URL and OKTA_TOKEN"):
            list(setup.plan())
