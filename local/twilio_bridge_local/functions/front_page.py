"""What a browser shows at the printed address: which routes there are, and what to try."""

from collections.abc import Sequence

from twilio_bridge_local.http_server import HttpResponse
from twilio_bridge_local.template.bundle import Function

_PAGE = """\
Twilio Bridge runs here, on this machine, with stand-ins for every vendor without credentials in .env.

This is the HTTP API that Twilio, Airtable and Flex call; a browser has nothing to click.
Every call is signed, so an address below that is opened by hand answers 403 or 404.

{routes}

Try, in the folder where `make run` was typed:

    .venv/bin/twilio-bridge call crm
        the contact list of a worker, as Frontline asks for it
    .venv/bin/twilio-bridge call crm --query okafor
        a search in it
    .venv/bin/twilio-bridge events put events/event_streams/day.jsonl
        a day of support events, as Twilio's Event Streams send them
    .venv/bin/python -m twilio_bridge_local.console.brevo
        what Brevo holds some seconds later

The terminal of `make run` shows everything else that can be called, and where the log is.
This address: http://127.0.0.1:{port}
"""


def front_page(functions: Sequence[Function], port: int) -> HttpResponse:
    """Return the page, as plain text."""
    routes = [(route.key, function.name) for function in functions for route in function.routes]
    width = max((len(key) for key, _ in routes), default=0)
    lines = "\n".join(f"    {key:{width}}  {name}" for key, name in routes)
    page = _PAGE.format(routes=lines, port=port)
    return HttpResponse(200, (("Content-Type", "text/plain; charset=utf-8"),), page.encode())
