"""What the links in messages lead to. Each token says which message it is from; there is no login.

A GET only shows or leads on: scanners follow every link in a mail. What changes something is a POST (RFC 8058).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from chalice.app import Blueprint

from chalicelib import settings, wiring
from chalicelib.domain import tokens
from chalicelib.domain.links import LIFE
from chalicelib.domain.machines import Visit, is_early, tell_of, visit_of
from chalicelib.entrypoints import batches, http
from chalicelib.web.words import Words

if TYPE_CHECKING:
    from chalicelib.services.choose_topics import Choices

blueprint = Blueprint(__name__)

_FORM_BYTES = 32 * 1024
_UNCACHED = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
#: A transparent picture of one pixel (GIF89a).
_PIXEL = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)


@blueprint.route("/u/{token}", methods=["GET", "HEAD"], **http.ANY)
@http.answers(blueprint)
def ask_to_unsubscribe(incoming: http.Incoming) -> http.Reply:
    """What would be stopped; nothing is, yet."""
    claims = _claims(incoming, "unsubscribe")
    if claims is None:
        return _gone()
    wiring.take_click().looked(claims, "u", _visit(incoming))
    words = _words(claims)
    about = _about(claims, words)
    return _page(
        "unsubscribe",
        words,
        "stop",
        what=words("stop_what", **about),
        topic=words("stop_topic", **about),
        everything=words("stop_all", **about),
    )


@blueprint.route("/u/{token}", methods=["POST"], **http.ANY)
@http.answers(blueprint, body="raw", limit=_FORM_BYTES)
def unsubscribe(incoming: http.Incoming) -> http.Reply:
    """One click stops it, whatever the body says; `everything` stops the whole channel."""
    claims = _claims(incoming, "unsubscribe")
    if claims is None:
        return _gone()
    everything = "everything" in _form(incoming)
    wiring.choose_topics().unsubscribe(claims, everything=everything)
    words = _words(claims)
    about = _about({**claims, "t": ""} if everything else claims, words)
    return _page(
        "unsubscribed",
        words,
        "stopped",
        what=words("stopped_what", **about),
        choose=words("choose"),
        preferences=_preferences_link(claims),
    )


@blueprint.route("/p/{token}", methods=["GET", "HEAD"], **http.ANY)
@http.answers(blueprint)
def show_preferences(incoming: http.Incoming) -> http.Reply:
    """The customer's topics by channel."""
    claims = _claims(incoming, "preferences")
    if claims is not None:
        wiring.take_click().looked(claims, "p", _visit(incoming))
    return _preferences(claims, saved=False)


@blueprint.route("/p/{token}", methods=["POST"], **http.ANY)
@http.answers(blueprint, body="raw", limit=_FORM_BYTES)
def save_preferences(incoming: http.Incoming) -> http.Reply:
    """What is ticked is granted, what isn't is denied."""
    claims = _claims(incoming, "preferences")
    if claims is not None:
        ticked = [value.partition("/") for value in _form(incoming).get("topic", [])]
        wanted = frozenset((channel, topic) for channel, _, topic in ticked)
        by_mail = str(claims.get("c") or "email") == "email"
        wiring.choose_topics().choose(str(claims.get("p", "")), wanted, by_mail=by_mail)
    return _preferences(claims, saved=True)


@blueprint.route("/yes/{token}", methods=["GET", "HEAD"], **http.ANY)
@http.answers(blueprint)
def ask_to_confirm(incoming: http.Incoming) -> http.Reply:
    """What would be confirmed; nothing is, yet."""
    claims = _claims(incoming, "confirm")
    asked = wiring.confirm_topic().read(claims) if claims is not None else None
    if asked is None:
        return _gone()
    words = Words(asked.languages)
    what = words("confirm_what", what=asked.what, address=asked.address)
    return _page("confirm", words, "confirm", what=what, yes=words("confirm_yes", what=asked.what))


@blueprint.route("/yes/{token}", methods=["POST"], **http.ANY)
@http.answers(blueprint, body="raw", limit=_FORM_BYTES)
def confirm(incoming: http.Incoming) -> http.Reply:
    """One click grants the topic, for the address that was asked."""
    claims = _claims(incoming, "confirm")
    asked = wiring.confirm_topic().confirm(claims) if claims is not None else None
    if asked is None:
        return _gone()
    words = Words(asked.languages)
    what = words("confirmed_what", what=asked.what, channel=words("email"))
    return _page("confirmed", words, "confirmed", what=what)


@blueprint.route("/c/{token}", methods=["GET", "HEAD"], **http.ANY)
@http.answers(blueprint)
def follow_link(incoming: http.Incoming) -> http.Reply:
    """On to where the playbook's link leads, and nowhere else."""
    claims = _claims(incoming, "click")
    if claims is None:
        return _gone()
    followed = wiring.take_click()(claims, _visit(incoming))
    _count(machine=followed.machine)
    return _lead_to(followed.target) if followed.target else _gone()


@blueprint.route("/o/{token}", methods=["GET", "HEAD"], **http.ANY)
@http.answers(blueprint)
def note_open(incoming: http.Incoming) -> http.Reply:
    """The pixel of an e-mail."""
    claims = _claims(incoming, "open")
    if claims is None:
        return _gone()
    _count(machine=wiring.take_click().opened(claims, _visit(incoming)))
    return http.Reply(_PIXEL, headers={"Content-Type": "image/gif", **_UNCACHED})


@blueprint.route("/slot/{token}", methods=["GET"], **http.ANY)
@http.answers(blueprint)
def show_slot(incoming: http.Incoming) -> http.Reply:
    """The picture that is right now, or an empty one."""
    claims = _claims(incoming, "slot")
    if claims is None:
        return _gone()
    written = claims.get("t")
    early = isinstance(written, int) and is_early(wiring.clock(), written * 1000)
    machine = early or bool(tell_of(_visit(incoming), opens=True))
    picture = wiring.show_slot()(claims, counts=not machine)
    _count(machine=machine)
    batches.tell_failed(picture.failed)
    if picture.fault:
        batches.logger.warning("slot-fell-back", fault=picture.fault)
        batches.count("SlotsFellBack")
        batches.flush_metrics()
    if picture.address:
        return _lead_to(picture.address)
    return http.Reply(_PIXEL, headers={"Content-Type": "image/gif", **_UNCACHED})


def _claims(incoming: http.Incoming, purpose: str) -> dict[str, Any] | None:
    return wiring.read_link()(purpose, incoming.path["token"])


def _visit(incoming: http.Incoming) -> Visit:
    return visit_of(incoming.method, incoming.headers)


def _count(*, machine: bool) -> None:
    """What machines do is counted here alone."""
    if machine:
        batches.count("MachineLooks")
        batches.flush_metrics()


def _form(incoming: http.Incoming) -> dict[str, list[str]]:
    return parse_qs(incoming.body.decode(errors="replace"), max_num_fields=1_000)


def _words(claims: dict[str, Any]) -> Words:
    return Words(wiring.choose_topics().languages(str(claims.get("p", ""))))


def _about(claims: dict[str, Any], words: Words) -> dict[str, str]:
    channel = str(claims.get("c") or "email")
    label = wiring.choose_topics().label(str(claims.get("t", "")), [words.language])
    return {"channel": _named(channel, words), "what": label or words("messages")}


def _named(channel: str, words: Words) -> str:
    return words(channel) if channel in ("email", "sms") else channel


def _preferences_link(claims: dict[str, Any]) -> str:
    about = {name: claims.get(name, "") for name in ("d", "p", "c")}
    token = tokens.mint(wiring.secrets(), "preferences", about, wiring.clock() + LIFE)
    return f"{settings.load().base_url}/p/{token}"


def _preferences(claims: dict[str, Any] | None, *, saved: bool) -> http.Reply:
    choices = wiring.choose_topics().read(str(claims.get("p", ""))) if claims is not None else None
    if choices is None:
        return _gone()
    from chalicelib.web.rendering import Html, fragment

    words = Words(choices.languages)
    notice = fragment("saved", text=words("saved")) if saved else Html("")
    shown = Html("".join(_channel(choices, channel, words) for channel in choices.addresses))
    nothing = fragment("empty", text=words("empty")) if not choices.topics else Html("")
    return _page(
        "preferences",
        words,
        "preferences",
        ask=words("preferences_ask"),
        notice=Html(notice + nothing),
        channels=shown,
        save=words("save"),
    )


def _channel(choices: Choices, channel: str, words: Words) -> str:
    from chalicelib.web.rendering import Html, fragment

    topics = [
        fragment(
            "topic",
            value=f"{one.channel}/{one.topic}",
            label=f"{one.label} ({words('waiting')})" if one.waits else one.label,
            checked=Html(" checked" if one.chosen else ""),
        )
        for one in choices.topics
        if one.channel == channel
    ]
    legend = words("address", channel=words(channel), address=choices.addresses[channel])
    return fragment("channel", legend=legend, topics=Html("".join(topics)))


def _page(template: str, words: Words, title: str, **values: str) -> http.Reply:
    from chalicelib.web.rendering import headers, page

    return http.Reply(page(template, words.language, words(title), **values), headers=headers())


def _gone() -> http.Reply:
    words = Words()
    return replace(_page("gone", words, "gone", why=words("gone_why")), status=404)


def _lead_to(address: str) -> http.Reply:
    return http.Reply(b"", 302, {"Location": address, "Content-Type": "text/plain", **_UNCACHED})
