"""Under which ids a customer's history is stored.

A profile's history lies under its own id and those it has lived at or taken over (`merged`). A split gives each
part a timeline of its own, a copy of just what is its own: then `timelines` names it, and what lies under the
homes is nobody's any more. So has whoever comes to a home where somebody was erased.
"""

from __future__ import annotations

from chalicelib.domain.profile import Profile


def timelines_of(profile: Profile) -> list[str]:
    """The ids its events are stored under; the first is where new ones go."""
    return profile.timelines or [profile.id, *profile.merged]


def records_of(profile: Profile) -> list[str]:
    """The ids the records of its decisions are stored under: new ones go where events go."""
    return list(dict.fromkeys([*timelines_of(profile), *profile.records]))


def joined_timelines(into: Profile, other: Profile) -> list[str]:
    """The timelines of a profile that was two, before it takes over the other's homes; empty where those say it."""
    if not into.timelines and not other.timelines:
        return []
    return list(dict.fromkeys([*timelines_of(into), *timelines_of(other)]))
