"""Who is who, as simply as it can be said: what the machine's outcome must be, from its events in commit order.

No homes, signs, versions or transactions. A customer is a set of identifiers and of events; an identifier is a
door to one customer; a device's door remembers its last eight owners. Nothing here is shared with what it checks.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from chalicelib.domain.events import Event

STRENGTH = ("user", "email", "phone", "loyalty", "anonymous", "device")
UNIQUE, EMAILS, OWNERS = 1, 2, 8


@dataclass(eq=False)
class Customer:
    """One customer: identifiers as `kind:value`, and events by message id."""

    identifiers: set[str] = field(default_factory=set)
    events: dict[str, Event] = field(default_factory=dict)


@dataclass
class IdentityModel:
    """Takes events in the order in which they were committed. A door is its owners with the times they began.

    An heir took over who was no more than a device; a device was last named with its owner at a time.
    """

    doors: dict[str, list[tuple[int, Customer]]] = field(default_factory=dict)
    heirs: dict[str, Customer] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Link what the event names, strongest first, and count it once."""
        names, at = self._named(event), event.timestamp
        customer = self._owner(names[0], at)
        if customer is None:
            customer = Customer({names[0]})
            self.doors[names[0]] = [(at, customer)]
        for name in names[1:]:
            other = self._owner(name, at)
            if other is None and _fits(customer.identifiers | {name}):
                self._settle(customer, at)
                customer.identifiers.add(name)
                self.doors[name] = [(at, customer)]
            elif other is not None and other is not customer:
                if _fits(customer.identifiers | other.identifiers):
                    self._join(customer, other, at)
                elif _changes_hands(name):
                    self._hand_over(name, customer, at)
        self._note(customer, names, at)
        others = [owner for name in names if _changes_hands(name) for _, owner in self.doors.get(name, ())]
        if not any(event.message_id in owner.events for owner in (customer, *others)):
            customer.events[event.message_id] = event

    def customers(self) -> list[Customer]:
        """Everybody there is."""
        return list(dict.fromkeys(owner for owners in self.doors.values() for _, owner in owners))

    def _named(self, event: Event) -> list[str]:
        sent = {"user": event.user_id, "anonymous": event.anonymous_id}
        sent |= {kind: event.traits[kind] for kind in ("email", "phone") if kind in event.traits}
        sent |= {"device": event.context.get("device", {}).get("token")}
        sent |= {one["type"]: one["id"] for one in event.context.get("externalIds", ())}
        names = [f"{kind}:{value}" for kind, value in sent.items() if value]
        if event.previous_id:
            user = f"user:{event.previous_id}"
            names.append(user if user in self.doors else f"anonymous:{event.previous_id}")
        return sorted(dict.fromkeys(names), key=lambda name: STRENGTH.index(name.partition(":")[0]))

    def _owner(self, name: str, at: int) -> Customer | None:
        """The last who had begun by then, else the heir, else the first known."""
        owners = self.doors.get(name, [])
        begun = [owner for since, owner in owners if since <= at]
        if begun or not owners:
            return begun[-1] if begun else None
        return self.heirs.get(name, owners[0][1])

    def _note(self, customer: Customer, names: list[str], at: int) -> None:
        """Its owner was seen with the device, where something steadier said who it was."""
        for name in names:
            if _changes_hands(name) and not _changes_hands(names[0]) and name in customer.identifiers:
                self.last[name] = max(at, self.last.get(name, 0))

    def _settle(self, customer: Customer, at: int) -> None:
        """Whoever was no more than a device owns it from the event that links them to more."""
        if len(customer.identifiers) == 1:
            (name,) = customer.identifiers
            self.doors[name] = [(at, customer)]
            self.heirs[name] = customer

    def _join(self, into: Customer, other: Customer, at: int) -> None:
        self._settle(into, at)
        self._settle(other, at)
        into.identifiers |= other.identifiers
        into.events = {**other.events, **into.events}
        for name, owners in self.doors.items():
            self.doors[name] = [(since, into if owner is other else owner) for since, owner in owners]
        self.heirs = {name: into if heir is other else heir for name, heir in self.heirs.items()}

    def _hand_over(self, name: str, to: Customer, at: int) -> None:
        """From the event's time on; one who began later keeps it, and one who was seen with it since."""
        owner, last = self.doors[name][-1][1], self.last.get(name, 0)
        owners = [*self.doors[name], (at, to)] + ([(last, owner)] if last > at and owner is not to else [])
        everybody = sorted(owners, key=lambda one: one[0])
        distinct: list[tuple[int, Customer]] = []
        for one in everybody:
            if not distinct or distinct[-1][1] is not one[1]:
                distinct.append(one)
        distinct = distinct[-OWNERS:]
        self.doors[name] = distinct if distinct[-1] == everybody[-1] else [*distinct, everybody[-1]]
        if distinct[-1][1] is not owner:
            owner.identifiers.discard(name)
            to.identifiers.add(name)
            self.last[name] = 0


def _changes_hands(name: str) -> bool:
    return name.startswith(("anonymous:", "device:"))


def _fits(names: set[str]) -> bool:
    count = {kind: sum(name.startswith(f"{kind}:") for name in names) for kind in ("user", "email")}
    return count["user"] <= UNIQUE and count["email"] <= EMAILS
