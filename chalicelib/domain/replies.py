"""What customers answer by SMS: STOP, START and HELP, in English, Spanish and the playbook's own words.

Sources. The payload: AWS End User Messaging SMS User Guide, "Two-way SMS messaging". English words: CTIA
Messaging Principles and Best Practices 5.1.3; the same guide, "Required opt-out keywords" (with Canada's ARRET
and TD); 47 CFR 64.1200(a)(10) (`stop`, `quit`, `end`, `revoke`, `opt out`, `cancel`, `unsubscribe` each
revoke consent). Spanish words: ALTO and AYUDA as US carriers demand of a programme in Spanish (Twilio, "What are
the requirements for a Spanish-language short code?"), INICIO and AUXILIO as they are reserved there (Textizen,
"Reserved Keywords"), BAJA and ALTA as in Spain (code of conduct for SMS services, BOE-A-2009-12439); the others
are how people say the same.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from chalicelib.domain.events import PERMISSION_SET, Event
from chalicelib.domain.permissions import REPLY

Wish = Literal["stop", "start", "help", ""]

#: Words and phrases by language, without accents: a text that is one of them, whatever its punctuation.
STOP: Mapping[str, frozenset[str]] = {
    "en": frozenset(
        {"stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "optout", "opt out", "revoke", "remove"}
    ),
    "es": frozenset(
        {"alto", "baja", "dar de baja", "darme de baja", "parar", "para", "cancelar", "detener", "terminar", "salir",
         "fin", "no mas", "no mas mensajes"}
    ),
    "fr": frozenset({"arret", "td"}),
}  # fmt: skip
START: Mapping[str, frozenset[str]] = {
    "en": frozenset({"start", "unstop", "yes", "subscribe"}),
    "es": frozenset({"inicio", "iniciar", "alta", "empezar", "comenzar", "si"}),
}
HELP: Mapping[str, frozenset[str]] = {
    "en": frozenset({"help", "info"}),
    "es": frozenset({"ayuda", "auxilio", "informacion"}),
}
#: Words that mean STOP whatever follows: doubt is settled against sending.
_DECISIVE = frozenset({"stop", "stopall", "unsubscribe", "parar"})

_HELP_TEXT = {
    "en": "{name}: {contact}reply STOP to get no more messages, START to get them again.",
    "es": "{name}: {contact}responda BAJA para dejar de recibir mensajes, ALTA para volver a recibirlos.",
}
_CONTACT = {"en": "write to {address}, or ", "es": "escriba a {address}, o "}


@dataclass(frozen=True, slots=True)
class Reply:
    """An SMS from a customer. `id` is the provider's; `ours` the number it was sent to."""

    id: str
    phone: str
    ours: str
    text: str


def reply_of(payload: Mapping[str, Any]) -> Reply | None:
    """The SMS in a two-way notification, None if it is something else."""
    if "originationNumber" not in payload or "messageBody" not in payload:
        return None
    return Reply(
        id=str(payload.get("inboundMessageId") or ""),
        phone=str(payload["originationNumber"]),
        ours=str(payload.get("destinationNumber") or ""),
        text=str(payload["messageBody"]),
    )


def wish_of(text: str, stop_words: Mapping[str, Iterable[str]]) -> tuple[Wish, str]:
    """What the customer asks for, and the language of their word: ("help", "es"); ("", "") for anything else.

    Case, accents and punctuation don't matter. `Stop texting me!` is a STOP too.
    """
    said = _plain(text)
    own = {language: frozenset(map(_plain, words)) for language, words in stop_words.items()}
    if language := _language(said, STOP) or _language(said, own):
        return "stop", language
    if said.partition(" ")[0] in _DECISIVE:
        return "stop", _language(said.partition(" ")[0], STOP)
    if language := _language(said, START):
        return "start", language
    language = _language(said, HELP)
    return ("help", language) if language else ("", "")


def _language(said: str, words: Mapping[str, frozenset[str]]) -> str:
    return next((language for language, known in words.items() if said and said in known), "")


def _plain(text: str) -> str:
    """Letters and digits alone, without case and accents: `¡Opt-Out!` is `optout`, `SÍ.` is `si`."""
    bare = "".join(
        one for one in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(one)
    )
    return " ".join("".join(one if one.isalnum() else " " for one in bare.replace("-", "")).split())


def event_of(reply: Reply, wish: Literal["stop", "start"], now: int) -> Event:
    """The event a STOP or START becomes. It finds its customer by the phone it came from, which that proves.

    STOP denies the channel for every topic; START takes the denial back. The address itself is not stopped.
    """
    source = {"channel": "sms", "topic": "*", "source": REPLY}
    return Event(
        message_id=f"sms-in-{reply.id or f'{reply.phone}-{now}'}",
        type="track",
        event="Unsubscribed" if wish == "stop" else PERMISSION_SET,
        timestamp=now,
        received_at=now,
        properties=source if wish == "stop" else {**source, "state": "granted"},
        context={"traits": {"phone": reply.phone}},
        origin="topeka",
        proven=True,
    )


def help_text(name: str, language: str = "en", contact: str = "") -> str:
    """The answer to HELP, in English or Spanish: who is writing, whom to ask, how to stop and start.

    In letters of GSM-7 alone, so that it is one part where the name is short.
    """
    asked = language if language in _HELP_TEXT else "en"
    known = _CONTACT[asked].format(address=contact) if contact else ""
    return _HELP_TEXT[asked].format(name=name, contact=known)
