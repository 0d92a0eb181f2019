"""Frontline's SAML application at Okta, as Twilio's public quickstart makes it.

The same settings as `frontline-quickstart` of https://github.com/twilio-labs/function-templates: the assertion goes to
Frontline's realm, and says who the worker is (e-mail) and what they may (roles, out of the user's type).
https://developer.okta.com/docs/reference/api/apps/#add-custom-saml-application
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import requests

from twilio_bridge.errors import RefusedError, UnavailableError
from twilio_bridge_cli.commands.setup.changes import Change

TIMEOUT_S: Final = 10
PAGE_SIZE: Final = 200
REALM: Final = "https://iam.twilio.com/v2/saml2"
BASIC, URI = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic", "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
CLAIMS: Final = (
    ("Full Name", BASIC, "String.join(' ', user.firstName, user.lastName)"),
    ("roles", BASIC, "user.userType"),
    ("email", BASIC, "user.email"),
    ("image_url", URI, "user.profileUrl"),
)


class OktaSetup:
    """Applications of one Okta organisation; `label` is what ours is called."""

    def __init__(self, url: str, token: str, realm_sid: str, label: str) -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._realm_sid = realm_sid
        self._label = label

    def plan(self) -> Iterator[Change]:
        """Yield the application where none leads to this realm."""
        if self._find() is None:
            text = f"make the SAML application “{self._label}” at Okta for Frontline's realm {self._realm_sid}"
            yield Change("okta", "application", text, self._make)

    def plan_removal(self) -> Iterator[Change]:
        """Yield the end of the application that setup made."""
        found = self._find()
        if found and found.get("label") == self._label:
            yield Change("okta", "application", f"delete the SAML application “{self._label}”", self._delete)

    def find_instructions(self) -> str:
        """Return where Okta shows what Twilio's console wants: address, issuer and certificate; empty without one."""
        found = self._find()
        if found is None:
            return ""
        return f"{self._url}/app/{found.get('name')}/{found.get('id')}/setup/help/SAML_2_0/instructions"

    def _find(self) -> Mapping[str, Any] | None:
        acs_url = f"{REALM}/authenticate/{self._realm_sid}"
        return next((each for each in self._list_applications() if _leads_to(each, acs_url)), None)

    def _list_applications(self) -> Iterator[Mapping[str, Any]]:
        """Yield every application, page by page: https://developer.okta.com/docs/reference/core-okta-api/#pagination."""
        path = f"/api/v1/apps?limit={PAGE_SIZE}"
        while path:
            answer = self._ask("GET", path)
            yield from _read(answer)
            path = answer.links.get("next", {}).get("url", "").removeprefix(self._url)

    def _make(self) -> str:
        if self._find() is None:
            self._ask("POST", "/api/v1/apps", json=build_application(self._label, self._realm_sid))
        return f"made; its values for Twilio's console: {self.find_instructions()}"

    def _delete(self) -> str:
        found = self._find()
        if found and found.get("label") == self._label:
            path = f"/api/v1/apps/{found['id']}"
            self._ask("POST", f"{path}/lifecycle/deactivate")  # Okta deletes inactive applications only
            self._ask("DELETE", path)
        return "deleted"

    def _ask(self, method: str, path: str, json: Mapping[str, Any] | None = None) -> requests.Response:
        headers = {"Authorization": f"SSWS {self._token}", "Accept": "application/json"}
        try:
            answer = requests.request(
                method, self._url + path, headers=headers, timeout=TIMEOUT_S, allow_redirects=False, json=json
            )
        except requests.RequestException as error:
            raise UnavailableError("okta", type(error).__name__) from error
        if answer.status_code >= requests.codes.internal_server_error:
            raise UnavailableError("okta", f"status {answer.status_code}")
        if answer.status_code >= requests.codes.multiple_choices:
            raise _refusal(answer)
        return answer


def _read(answer: requests.Response) -> list[Mapping[str, Any]]:
    """Return the applications of a page; whoever answers with anything else is not Okta's API."""
    try:
        found = answer.json()
    except requests.JSONDecodeError:
        raise _refusal(answer) from None
    if not isinstance(found, list):
        raise _refusal(answer)
    return found


def _refusal(answer: requests.Response) -> RefusedError:
    text = f"status {answer.status_code}; check OKTA_URL and OKTA_TOKEN"
    return RefusedError("okta", text, code=answer.status_code)


def build_application(label: str, realm_sid: str) -> dict[str, Any]:
    """Return the application as Okta's API takes it."""
    acs_url = f"{REALM}/authenticate/{realm_sid}"
    statements = [
        {"type": "EXPRESSION", "name": name, "namespace": namespace, "values": [value]}
        for name, namespace, value in CLAIMS
    ]
    sign_on = {
        "defaultRelayState": "",
        "ssoAcsUrl": acs_url,
        "idpIssuer": "http://www.okta.com/${org.externalKey}",
        "audience": f"{REALM}/metadata/{realm_sid}",
        "recipient": acs_url,
        "destination": acs_url,
        "subjectNameIdTemplate": "${user.userName}",
        "subjectNameIdFormat": "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
        "responseSigned": True,
        "assertionSigned": True,
        "signatureAlgorithm": "RSA_SHA256",
        "digestAlgorithm": "SHA256",
        "honorForceAuthn": True,
        "authnContextClassRef": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
        "spIssuer": None,
        "requestCompressed": False,
        "attributeStatements": statements,
    }
    visibility = {"autoSubmitToolbar": False, "hide": {"iOS": False, "web": False}}
    settings = {"signOn": sign_on}
    return {"label": label, "visibility": visibility, "features": [], "signOnMode": "SAML_2_0", "settings": settings}


def _leads_to(application: Mapping[str, Any], acs_url: str) -> bool:
    settings = application.get("settings") or {}
    return bool((settings.get("signOn") or {}).get("ssoAcsUrl") == acs_url)
