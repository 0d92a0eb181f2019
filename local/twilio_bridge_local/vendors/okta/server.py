"""Okta's Apps API on this machine: applications are listed, made, deactivated and deleted.

https://developer.okta.com/docs/reference/api/apps/ and, for errors, https://developer.okta.com/docs/reference/error-codes/.

    with OktaStandIn() as okta:
        requests.get(f"{okta.url}/api/v1/apps", headers={"Authorization": f"SSWS {okta.token}"})
"""

import time
from typing import Any, Final

from flask import Flask, Response, jsonify, request

from twilio_bridge_local.vendors.server import Refusal, StandIn

TOKEN: Final = "00okta-stand-in"  # noqa: S105  opens nothing but this stand-in
MAX_LABEL_LENGTH: Final = 100
# What a SAML application of one's own has to name.
NEEDED: Final = ("ssoAcsUrl", "audience", "recipient", "destination", "subjectNameIdTemplate", "subjectNameIdFormat")


class OktaStandIn(StandIn):
    """One organisation; `applications` are its own, by id."""

    vendor = "okta"

    def __init__(self, *, token: str = TOKEN, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(host, port, time.monotonic)
        self.token = token
        self.applications: dict[str, dict[str, Any]] = {}
        self._last = 0

    def reset(self) -> None:
        """Forget everything."""
        super().reset()
        self.applications.clear()

    def add_routes(self, app: Flask) -> None:
        """Put the API's paths on the app."""
        one = "/api/v1/apps/<app_id>"
        app.add_url_rule("/api/v1/apps", "list", self._list, methods=["GET"])
        app.add_url_rule("/api/v1/apps", "create", self._create, methods=["POST"])
        app.add_url_rule(one, "fetch", self._fetch, methods=["GET"])
        app.add_url_rule(one, "delete", self._delete, methods=["DELETE"])
        app.add_url_rule(f"{one}/lifecycle/deactivate", "deactivate", self._deactivate, methods=["POST"])

    def check_client(self) -> None:
        """Raise Okta's 401 unless the token asks."""
        if request.headers.get("Authorization") != f"SSWS {self.token}":
            raise _refusal(401, "E0000011", "Invalid token provided")

    def refuse_with_status(self, status: int) -> Refusal:
        """Return Okta's error for a bare HTTP status."""
        code = "E0000047" if status == 429 else "E0000009"  # noqa: PLR2004  too many requests; else an internal error
        return _refusal(status, code, "The request failed")

    def _list(self) -> Response:
        """Answer with a page, and a link to the next: core-okta-api/#pagination of Okta's reference."""
        limit, after = int(request.args.get("limit", 20)), request.args.get("after", "")
        listed = [each for app_id, each in sorted(self.applications.items()) if app_id > after]

        page = jsonify(listed[:limit])
        if len(listed) > limit:
            following = f"{self.url}/api/v1/apps?after={listed[limit - 1]['id']}&limit={limit}"
            page.headers["Link"] = f'<{following}>; rel="next"'
        return page

    def _create(self) -> Response:
        body = request.get_json(force=True, silent=True)
        sign_on = ((body or {}).get("settings") or {}).get("signOn") if isinstance(body, dict) else None
        if not isinstance(body, dict) or body.get("signOnMode") != "SAML_2_0" or not isinstance(sign_on, dict):
            raise _refusal(400, "E0000001", "Api validation failed: signOnMode")
        label, missing = str(body.get("label") or ""), [name for name in NEEDED if not sign_on.get(name)]
        if not label or len(label) > MAX_LABEL_LENGTH or missing:
            raise _refusal(400, "E0000001", f"Api validation failed: {', '.join(missing) or 'label'}")
        self._last += 1
        made = {**body, "id": f"0oa{self._last:017}", "name": f"org_app_{self._last}", "status": "ACTIVE"}
        self.applications[made["id"]] = made
        return jsonify(made)

    def _fetch(self, app_id: str) -> Response:
        return jsonify(self._find(app_id))

    def _deactivate(self, app_id: str) -> Response:
        self._find(app_id)["status"] = "INACTIVE"
        return jsonify({})

    def _delete(self, app_id: str) -> Response:
        if self._find(app_id)["status"] != "INACTIVE":
            raise _refusal(403, "E0000056", "Delete application forbidden: it must be deactivated before deletion")
        del self.applications[app_id]
        return Response(status=204)

    def _find(self, app_id: str) -> dict[str, Any]:
        if app_id not in self.applications:
            raise _refusal(404, "E0000007", f"Not found: Resource not found: {app_id} (AppInstance)")
        return self.applications[app_id]


def _refusal(status: int, code: str, summary: str) -> Refusal:
    return Refusal(status, {"errorCode": code, "errorSummary": summary, "errorLink": code, "errorCauses": []})
