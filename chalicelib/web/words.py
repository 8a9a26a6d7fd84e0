"""What our pages and our own e-mail say, by language. English is complete and stands in for every other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

ENGLISH = {
    "email": "e-mail",
    "sms": "text message",
    "messages": "messages",
    "gone": "This link no longer works",
    "gone_why": "It may be incomplete or too old. Please use the link in a newer message.",
    "stop": "Stop these messages?",
    "stop_what": "You get {what} by {channel}.",
    "stop_topic": "Stop {what}",
    "stop_all": "Stop everything by {channel}",
    "stopped": "Done",
    "stopped_what": "You get no more {what} by {channel}.",
    "choose": "Choose what you hear about",
    "preferences": "Your preferences",
    "preferences_ask": "What would you like to hear about?",
    "address": "By {channel} to {address}",
    "save": "Save",
    "saved": "Saved. It applies from now on.",
    "empty": "There is nothing to choose at the moment.",
    "waiting": "waiting for your confirmation by e-mail",
    "confirm": "Please confirm",
    "confirm_what": "Somebody asked that {what} be sent to {address}. If it was you, say yes.",
    "confirm_yes": "Yes, send me {what}",
    "confirmed": "Thank you",
    "confirmed_what": "You get {what} by {channel} from now on.",
    "mail_subject": "Please confirm: {what}",
    "mail_text": (
        "{shop} was asked to send {what} to this address. If it was you, please confirm here:\n\n{link}\n\n"
        "If it was not, do nothing: then nothing is sent."
    ),
}
SPANISH = {
    "email": "correo electrónico",
    "sms": "mensaje de texto",
    "messages": "mensajes",
    "gone": "Este enlace ya no funciona",
    "gone_why": "Puede estar incompleto o ser demasiado antiguo. Use el enlace de un mensaje más reciente.",
    "stop": "¿Dejar de recibir estos mensajes?",
    "stop_what": "Usted recibe {what} por {channel}.",
    "stop_topic": "No recibir más {what}",
    "stop_all": "No recibir nada más por {channel}",
    "stopped": "Listo",
    "stopped_what": "Ya no recibirá {what} por {channel}.",
    "choose": "Elija qué desea recibir",
    "preferences": "Sus preferencias",
    "preferences_ask": "¿Qué desea recibir?",
    "address": "Por {channel} a {address}",
    "save": "Guardar",
    "saved": "Guardado. Se aplica desde ahora.",
    "empty": "No hay nada que elegir por el momento.",
    "waiting": "pendiente de que lo confirme por correo electrónico",
    "confirm": "Confirme, por favor",
    "confirm_what": "Alguien pidió que se enviara {what} a {address}. Si fue usted, diga que sí.",
    "confirm_yes": "Sí, quiero recibir {what}",
    "confirmed": "Gracias",
    "confirmed_what": "Desde ahora recibirá {what} por {channel}.",
    "mail_subject": "Confirme, por favor: {what}",
    "mail_text": (
        "Alguien pidió a {shop} que enviara {what} a esta dirección. Si fue usted, confírmelo aquí:\n\n{link}\n\n"
        "Si no fue usted, no haga nada: no se enviará nada."
    ),
}
#: What a customer reads before they confirm a topic, and before they choose on the page of preferences.
CONFIRMING = ("mail_subject", "mail_text", "confirm_what", "confirm_yes")
CHOOSING = ("preferences_ask", "address", "save")
WORDS = {"en": ENGLISH, "es": SPANISH}


class Words:
    """The words of the first of the languages that there are any in. `language` is its code."""

    def __init__(self, languages: Sequence[str] = ()) -> None:
        self.language = next((one for one in languages if one in WORDS), "en")

    def __call__(self, name: str, **values: str) -> str:
        """A text filled in."""
        return WORDS[self.language][name].format_map(values)

    def version(self, names: Iterable[str]) -> str:
        """Which wording a customer was shown: the language, and a hash of those texts."""
        said = "\n".join(WORDS[self.language][name] for name in names)
        return f"{self.language}-{hashlib.sha256(said.encode()).hexdigest()[:8]}"
