"""Who a caller asks about: as it was sent, and as far as it is believed."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.identifiers import Identifier

Id = str | int | None


@dataclass(frozen=True, slots=True)
class Asked:
    """Identifiers as they were sent. `identifier` (`phone:+1785...`) is for operators alone."""

    user_id: Id = None
    anonymous_id: Id = None
    user_token: str = ""
    identifier: str = ""
    operator: bool = False


@dataclass(frozen=True, slots=True)
class Identity:
    """The identifiers, normalised; `proven` where a token or an operator's word stands behind the user id."""

    identifiers: tuple[Identifier, ...]
    proven: bool
