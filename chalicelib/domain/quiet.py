"""Quiet hours: whether it is night where the customer is, and when it ends."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from chalicelib.domain.addresses import normalised
from chalicelib.domain.places import known_zone, zone_of
from chalicelib.domain.playbook.model import Playbook, Quiet
from chalicelib.domain.profile import Profile
from chalicelib.domain.regions import zones

_MINUTE = 60_000
_DAY = 1440
_MOST_HOPS = 64


def quiet_until(profile: Profile, playbook: Playbook, channel: str, now: int) -> int:
    """When the quiet that holds now on the channel ends (ms), 0 if it isn't quiet."""
    quiet = playbook.policies.quiet
    if quiet is None or channel not in quiet.channels:
        return 0
    return end_of_quiet(quiet, clocks(profile, playbook, quiet, now), now)


def clocks(profile: Profile, playbook: Playbook, quiet: Quiet, now: int) -> tuple[str, ...]:
    """The zones to keep quiet in: the customer's; if unknown under `strict`, all of their phone's country."""
    known = known_zone(profile, now)
    if known or quiet.unknown != "strict":
        return (known or zone_of(profile, playbook, now),)
    return _zones_of_phone(profile, playbook) or (playbook.timezone,)


def end_of_quiet(quiet: Quiet, names: Iterable[str], now: int) -> int:
    """The first instant from `now` on at which it is quiet in none of the zones; 0 if that is now.

    Where some zone is always quiet, the instant is only a late one: who wakes then asks again.
    """
    rooms = [ZoneInfo(name) for name in names]
    at = now
    for _ in range(_MOST_HOPS):
        ends = [end for room in rooms if (end := _end_in(quiet, room, at))]
        if not ends:
            break
        at = max(ends)
    return at if at > now else 0


def _end_in(quiet: Quiet, room: ZoneInfo, now: int) -> int:
    local = datetime.fromtimestamp(now / 1000, room)
    minute = local.hour * 60 + local.minute
    spans_midnight = quiet.start > quiet.end
    if spans_midnight:
        is_quiet = minute >= quiet.start or minute < quiet.end
    else:
        is_quiet = quiet.start <= minute < quiet.end
    if not is_quiet:
        return 0
    ends_tomorrow = (spans_midnight and minute >= quiet.start) or quiet.end == _DAY
    day = local.date() + timedelta(days=1 if ends_tomorrow else 0)
    return _first_after(datetime.combine(day, time(*divmod(quiet.end % _DAY, 60)), room), now)


def _first_after(wall: datetime, now: int) -> int:
    """The instant of a wall-clock time. When clocks go back it comes twice: the first that is still ahead.

    When clocks go forward over it, Python reads it with the offset of before, which is the moment it would
    have been.
    """
    instants = sorted(int(wall.replace(fold=fold).timestamp() * 1000) for fold in (0, 1))
    return next((instant for instant in instants if instant > now), now + _MINUTE)


def _zones_of_phone(profile: Profile, playbook: Playbook) -> tuple[str, ...]:
    """Every zone of the number's country: mobile numbers move with people, whatever their area code says.

    A number of no country's plan may be of any that shares its calling code.
    """
    number = normalised(profile.facts, "sms", playbook)
    if not number:
        return ()
    import phonenumbers

    parsed = phonenumbers.parse(number)
    region = phonenumbers.region_code_for_number(parsed)
    lands = [region] if region else phonenumbers.region_codes_for_country_code(parsed.country_code or 0)
    return tuple(dict.fromkeys(zone for land in lands for zone in zones(land.lower())))
