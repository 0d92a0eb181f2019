"""`twilio-bridge call`: one signed callback, to the local stack or to a deployed one."""

from pathlib import Path
from typing import Annotated, Final

import typer

from twilio_bridge_cli import aws, output
from twilio_bridge_cli.commands.call import advice, listing, showing, tokens
from twilio_bridge_cli.commands.call.callbacks import CALLBACKS, EVENTS, Callback, CallOptions, find_callback
from twilio_bridge_cli.commands.call.parameters import Parameters, build_parameters
from twilio_bridge_cli.commands.call.sending import Answer, Call, send_call
from twilio_bridge_cli.environment import find_base_url, is_local, read_environment
from twilio_bridge_cli.errors import CommandError
from twilio_bridge_cli.groups import make_command

NAMES = ", ".join(CALLBACKS)
HELP: Final = (
    "Signs and sends one callback exactly as Twilio would, and shows the answer."
    "\n\n"
    "Without options it asks the local stack (make run) about its sample data. Elsewhere, name worker and customer."
    "\n\n"
    "The auth token is read from TWILIO_AUTH_TOKEN (or AUTH_TOKEN) in the environment or .env, or with --secret from "
    "Secrets Manager. It is no option, so that it does not stay in the shell's history."
    "\n\n"
    "A contact list is a table; in a pipe it is name, tab, id."
)
EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge call crm --query okafor
  twilio-bridge call crm --worker jo@acme.org --stack twilio-bridge
  twilio-bridge call templates --worker jo@acme.org --customer recZ1 --url https://bridge.acme.org
  twilio-bridge call routing --from events/routing/sms.json ConversationSid=CH…

[bold]Exit codes[/bold]
  0 answered, 1 refused (4xx), 2 usage, 3 server failure (5xx), 4 unreachable or too slow
"""
ASKED, REACHED, SHOWN = "What is asked", "Where, and with which proof", "What is shown"

Given = Annotated[
    list[str] | None, typer.Argument(metavar="PARAMETER=VALUE", help="Added to what is sent, or in its place.")
]
Url = Annotated[
    str | None,
    typer.Option(
        help="Base URL; else PUBLIC_BASE_URL, else the local stack that runs (or PORT).", rich_help_panel=REACHED
    ),
]
Worker = Annotated[str | None, typer.Option(help="The worker's Frontline identity.", rich_help_panel=ASKED)]
Customer = Annotated[
    str | None, typer.Option(help="The contact's id; for crm: show that contact.", rich_help_panel=ASKED)
]
Address = Annotated[
    str | None, typer.Option(help="The customer's number; whatsapp:+… is WhatsApp.", rich_help_panel=ASKED)
]
Location = Annotated[str | None, typer.Option(help="What to ask for, such as GetCustomersList.", rich_help_panel=ASKED)]
Event = Annotated[str | None, typer.Option(help=f"twilio-conversations: {', '.join(EVENTS)}.", rich_help_panel=ASKED)]
Query = Annotated[str | None, typer.Option(help="crm: search the list.", rich_help_panel=ASKED)]
Sample = Annotated[
    Path | None,
    typer.Option("--from", metavar="FILE.json", help="Send a sample of events/ again.", rich_help_panel=ASKED),
]
Stack = Annotated[
    str | None,
    typer.Option(help="The deployed stack, whose output and secret name URL and token.", rich_help_panel=REACHED),
]
Secret = Annotated[str | None, typer.Option(help="Read the token from this secret.", rich_help_panel=REACHED)]
Region = Annotated[str | None, typer.Option(help="The AWS region of the secret.", rich_help_panel=REACHED)]
Everything = Annotated[
    bool, typer.Option("--all", help="crm: follow next_page_token to the end.", rich_help_panel=SHOWN)
]
Unsigned = Annotated[
    bool, typer.Option("--unsigned", help="Send no signature, to see it refused.", rich_help_panel=REACHED)
]
Wrong = Annotated[
    bool, typer.Option("--wrong-signature", help="Send a wrong signature, to see it refused.", rich_help_panel=REACHED)
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object {status, ms, body}.", rich_help_panel=SHOWN)
]


@make_command(EXAMPLES, HELP)
def call(  # noqa: PLR0913  an option each
    name: Annotated[str, typer.Argument(metavar="CALLBACK", help=f"One of {NAMES}.")],
    given: Given = None,
    *,
    worker: Worker = None,
    customer: Customer = None,
    address: Address = None,
    location: Location = None,
    event: Event = None,
    query: Query = None,
    sample: Sample = None,
    stack: Stack = None,
    url: Url = None,
    secret: Secret = None,
    region: Region = None,
    everything: Everything = False,
    unsigned: Unsigned = False,
    wrong_signature: Wrong = False,
    as_json: AsJson = False,
) -> None:
    """Send one callback."""
    callback = find_callback(name)
    options = CallOptions(worker, customer, address, location, event, query)
    if stack:
        url = url or aws.read_stack_output(stack, aws.URL_OUTPUT, read_environment(), region)
        secret = secret or f"{stack}/twilio"
    base = find_base_url(url, read_environment())
    sent = build_parameters(callback, options, given or (), sample, local=is_local(base))
    _check_options(callback, sent, everything=everything, both=unsigned and wrong_signature)
    proof = None if unsigned or wrong_signature else tokens.find_token(base, read_environment(), secret, region)
    signed = Call(_build_url(base, callback), sent, proof, forged=wrong_signature)
    _send_and_show(callback, signed, everything=everything, as_json=as_json)


def _build_url(base: str, callback: Callback) -> str:
    """Take a callback's own address, as the stack's outputs show it, for what it is."""
    return base if base.endswith(callback.path) else base + callback.path


def _check_options(callback: Callback, sent: Parameters, *, everything: bool, both: bool) -> None:
    if both:
        raise CommandError("--unsigned and --wrong-signature exclude each other.")
    if everything and (callback.name != "crm" or sent.get("Location") != ["GetCustomersList"]):
        raise CommandError("--all is for contact lists.", "They come from: twilio-bridge call crm")
    event = sent.get("EventType", [""])[0]
    if event and event not in EVENTS:
        output.print_warning(f"The callback does nothing on {event}; it handles {', '.join(EVENTS)}.")


def _send_and_show(callback: Callback, signed: Call, *, everything: bool, as_json: bool) -> None:
    if signed.token and signed.token.made_up:
        output.print_note("Signed with the local stack's made-up token; TWILIO_AUTH_TOKEN is not set.", "dim")
    if not as_json:
        showing.show_request(signed)
    answers = _answers(signed, everything=everything, as_json=as_json)
    answer, pages = answers[-1], len(answers)
    if answer.ok and everything:
        answer = listing.join_pages(answers)
    _show(answer, pages, everything=everything, as_json=as_json)
    for warning in advice.find_warnings(callback, signed, max(answers, key=lambda each: each.ms)):
        output.print_warning(warning)
    output.print_remedy(advice.find_remedy(callback, signed, answer))
    raise typer.Exit(advice.choose_exit_code(answer))


def _answers(signed: Call, *, everything: bool, as_json: bool) -> list[Answer]:
    """Send it; with --json a failure is printed as JSON, too."""
    try:
        return list(listing.fetch_pages(signed)) if everything else [send_call(signed)]
    except CommandError as error:
        if as_json:
            output.print_json({"status": None, "ms": None, "body": None, "error": str(error)})
        raise


def _show(answer: Answer, pages: int, *, everything: bool, as_json: bool) -> None:
    found = listing.read_page(answer)
    if as_json:
        counted = {"contacts": len(found.rows), "pages": pages} if everything and found else {}
        output.print_json({"status": answer.status, "ms": answer.ms, "body": answer.body, **counted})
        return
    showing.show_status(answer, pages)
    if found is None:
        showing.show_body(answer)
        return
    showing.show_contacts(found)
    output.print_note(_summary(found, pages))


def _summary(found: listing.Contacts, pages: int) -> str:
    count = len(found.rows)
    if not count:
        return "No contacts."
    twice = count - len({contact_id for _, contact_id in found.rows})
    several = f" on {pages} pages" if pages > 1 else ""
    repeated = f", {twice} of them repeated" if twice else ""
    following = "more pages exist (--all)" if found.token else "that is all"
    return f"{count:,} contact{'s' if count > 1 else ''}{several}{repeated}; {following}."
