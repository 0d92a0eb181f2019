"""Bringing the cache up to date, one refresh at a time: what has changed where that is known, else everything.

A webhook names changes and deletions. A last-modified column shows changes, but neither deletions nor
changed look-ups; those come with the whole load each night. With neither everything is loaded, seldom enough to leave
half of the plan's calls unspent.
"""

from twilio_bridge.config import schema
from twilio_bridge.contacts import loading, webhook_changes
from twilio_bridge.contacts.loading import Loaded, PartlyLoaded, RefreshDeps, Refused, Updated
from twilio_bridge.contacts.ports import CacheState

LEASE = "contacts"
# Longer than the function may run, so that nobody begins while one still writes.
LEASE_S = 960
# A whole load is due after a day even where the nightly one did not come.
FULL_AFTER_S = 26 * 3_600
MONTH_S = 30 * 86_400
CONTACTS_A_REQUEST = 100


def refresh(
    work: RefreshDeps, *, whole: bool = False, nightly: bool = False
) -> Loaded | PartlyLoaded | Updated | Refused | None:
    """Bring the cache up to date; None where another refresh is running or nothing is due yet.

    `whole` loads everything whatever it costs, `nightly` as far as the plan's calls allow; a load that was begun goes
    on, whatever was asked for.
    """
    number = work.leases.acquire(LEASE, LEASE_S, above=work.cache.read_state().lease)
    if number is None:
        return None
    try:
        done = _refresh(work, number, whole=whole, nightly=nightly)
        if work.cache.read_state().has_many_changes:
            work.cache.fold_changes(number)
    finally:
        work.leases.release(LEASE, number)
    if isinstance(done, PartlyLoaded):
        work.again.request_continuation()
    return done


def _refresh(
    work: RefreshDeps, number: int, *, whole: bool, nightly: bool
) -> Loaded | PartlyLoaded | Updated | Refused | None:
    if loading.is_refused(work) and not (whole or nightly):
        return None
    state = work.cache.read_state()
    begun = loading.find_partial_load(work, state)
    is_covered = webhook_changes.covers_cache(work, state)
    if begun or whole or _needs_everything(state, work, nightly=nightly, is_covered=is_covered):
        done = loading.load_all(work, number, state, begun)
        if isinstance(done, Loaded):
            webhook_changes.replace_silent(work, done.moved if is_covered else 0)
        return done

    if is_covered and work.clock() - (state.loaded_at or 0) < webhook_interval_s(work.settings):
        return None
    if is_covered and (taken := webhook_changes.take_in_changes(work, number)) is not None:
        return Updated(taken)
    return loading.load_changes(work, state, number) if work.settings.contacts.columns.last_modified else None


def read_webhook(work: RefreshDeps) -> Loaded | PartlyLoaded | Updated | Refused | None:
    """Take in what the base's webhook reports; where it does not report everything, do what is due."""
    taken = webhook_changes.take_in_changes(work)
    if taken is None:
        return refresh(work)
    if work.cache.read_state().has_many_changes:
        refresh(work)
    return Updated(taken)


def webhook_interval_s(settings: schema.Config) -> float:
    """Return the seconds between reads of the webhook's payloads that leave half of the plan's calls unspent."""
    return MONTH_S * 2 / settings.airtable.monthly_calls if settings.airtable.monthly_calls else 0


def full_load_interval_s(settings: schema.Config, contacts: int) -> float:
    """Return the seconds between whole loads of so many contacts that leave half of the plan's calls unspent."""
    wished = float(settings.contacts.full_every_s)
    if settings.airtable.monthly_calls is None:
        return wished
    requests = contacts // CONTACTS_A_REQUEST + 2  # the last page, and the templates
    return max(wished, MONTH_S * requests * 2 / settings.airtable.monthly_calls)


def _needs_everything(state: CacheState, work: RefreshDeps, *, nightly: bool, is_covered: bool) -> bool:
    if state.is_empty or state.origin.made_of != work.made_of:
        return True
    tells_changes = is_covered or bool(work.settings.contacts.columns.last_modified and state.newest)
    affordable_s = full_load_interval_s(work.settings, state.count)
    due_s = max(FULL_AFTER_S, affordable_s) if tells_changes and not nightly else affordable_s
    return work.clock() - state.full_at >= due_s
