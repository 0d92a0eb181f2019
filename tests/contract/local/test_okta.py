"""Okta's stand-in over HTTP: an application is made once with what SAML wants, and deleted once it is inactive."""

from typing import Any

import requests

from twilio_bridge_cli.commands.setup.okta import build_application
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
