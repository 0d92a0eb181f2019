"""What can be wrong with Brevo: the key, its addresses, attributes that cannot keep what is mapped, lists."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from twilio_bridge.errors import RefusedError
from twilio_bridge.status.findings import Fault
from twilio_bridge.status.ports import BrevoAccount
from twilio_bridge.status.probing import Probe, make_checks

UNAUTHORIZED, FORBIDDEN, NOT_FOUND, PAYMENT = 401, 403, 404, 402
ABOUT_ADDRESS: Final = "IP address is blocked"
_PUT: Final = "twilio-bridge secrets put brevo"


@dataclass(slots=True)
class BrevoProbe:
    """The checks of one account: `samples` are a typical value of each mapped attribute, `lists` the configured ids."""

    account: BrevoAccount
    samples: Mapping[str, object] = field(default_factory=dict)
    lists: Sequence[int] = ()

    def list_connection_checks(self) -> Probe:
        """Return whether we are connected, without the calls of which there are only 100 an hour."""
        return Probe("brevo", make_checks([("attributes", "Brevo attributes", self.check_attributes)]), self.explain)

    def list_all_checks(self) -> Probe:
        """Return every check of the account."""
        entries: list[tuple[str, str, Callable[[], str]]] = [
            ("account", "Brevo account", self.check_account),
            ("attributes", "Brevo attributes", self.check_attributes),
        ]
        if self.lists:
            entries.append(("lists", "Brevo lists", self.check_lists))
        return Probe("brevo", make_checks(entries), self.explain)

    def check_account(self) -> str:
        """Ask for the account, from the address of whoever runs this."""
        return f"Brevo account reachable ({self.account.fetch_plan()})"

    def check_attributes(self) -> str:
        """Compare the mapped attributes with the account's."""
        misfits = self.account.find_misfits(self.samples)
        for name, text in misfits.items():
            others = f", and {len(misfits) - 1} more" if len(misfits) > 1 else ""
            remedy = "Map it to another attribute in field_mapping, or let missing ones be made: twilio-bridge setup"
            raise Fault("attributes", f"{name} {text}{others}", remedy)
        return f"Brevo attributes fit the mapping ({len(self.samples)})"

    def check_lists(self) -> str:
        """Look for the configured lists."""
        for list_id in self.lists:
            try:
                self.account.fetch_list(list_id)
            except RefusedError as error:
                if error.code == NOT_FOUND:
                    remedy = (
                        "Correct connectors.twilio_flex.lists in bridge.yaml, or have them made: twilio-bridge setup"
                    )
                    raise Fault("no-list", f"the account has no list {list_id}", remedy) from error
                raise
        return f"Brevo lists found ({len(self.lists)})"

    def explain(self, _check: str, error: RefusedError) -> Fault:
        """Return the fault of a refusal."""
        if error.code == UNAUTHORIZED and ABOUT_ADDRESS in str(error):
            remedy = (
                "At app.brevo.com/security/authorised_ips switch the blocking off, or authorise a fixed address; "
                "Lambda has changing ones."
            )
            return Fault("ip-blocked", "Brevo blocks our IP address", remedy)
        if error.code == UNAUTHORIZED:
            text = "Brevo answers 401: the key is wrong, or lapsed without use"
            return Fault("unauthorized", text, f"Make a new one (Settings > SMTP & API > API keys), then: {_PUT}")
        if error.code in (PAYMENT, FORBIDDEN):
            text = f"Brevo answers {error.code}"
            return Fault("forbidden", text, "Check the plan, and what the key may do.")
        return Fault("refused", str(error), 'See docs/operations.md, "Brevo waits".')
