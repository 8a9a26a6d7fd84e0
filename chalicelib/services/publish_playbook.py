"""Publishing a playbook: every fault found before anything is stored; checked also without storing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import msgspec

from chalicelib.domain.errors import BadRequest, NotFound
from chalicelib.domain.instants import to_text
from chalicelib.domain.playbook.model import Fault, Message, Playbook, Variant
from chalicelib.domain.rules import Rules
from chalicelib.services.fill_segments import NOT_NEEDED, first_job
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.measure_sms import MeasureSms
from chalicelib.services.ports import Clock, JobQueue, Playbooks, Templates
from chalicelib.services.survey_playbook import Survey, SurveyPlaybook

Contents = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Published:
    """The new version's number, whether profiles must be filled for it, and what a look at some customers tells."""

    version: int
    backfill: Literal["running", "not-needed"]
    survey: Survey


@dataclass(frozen=True, slots=True)
class _Checked:
    """A playbook without faults, its templates prepared; the line of each path; what its author should know."""

    playbook: Playbook
    lines: Mapping[str, int]
    warnings: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class PublishPlaybook:
    """In force in this process when it returns, elsewhere as soon as each worker looks again."""

    playbooks: Playbooks
    rules: LiveRules
    templates: Templates
    jobs: JobQueue
    survey: SurveyPlaybook
    measure_sms: MeasureSms
    clock: Clock

    def __call__(self, text: bytes) -> Published:
        """Store the next version and make it live. Raises `BadRequest` with every fault."""
        from chalicelib.domain.playbook.kept import keep

        checked = self._checked(text)
        kept, before = keep(checked.playbook), self.rules.current()
        number = self.playbooks.publish(text.decode().removeprefix("\ufeff"), kept, self.clock())
        backfill = self._in_force(before)
        return Published(number, backfill, self._surveyed(checked, self.rules.current()))

    def _in_force(self, before: Rules) -> Literal["running", "not-needed"]:
        """The new version counts here from now on; profiles follow where they may lack facts that it needs.

        They don't where it needs what the version before it did, and all of them had that.
        """
        self.rules.forget()
        live = self.rules.current()
        had_all = not before.version or self.playbooks.filled_at(before.version) != 0
        if live.fingerprint == before.fingerprint and had_all:
            self.playbooks.filled(live.version, NOT_NEEDED)
            return "not-needed"
        self.playbooks.filled(live.version, 0)
        self.jobs.send([first_job(live.version)])
        return "running"

    def try_out(self, text: bytes) -> Survey:
        """What publishing would warn of; nothing is stored. Raises `BadRequest` with every fault."""
        from chalicelib.domain.playbook.compiler import compile_playbook

        checked = self._checked(text)
        return self._surveyed(checked, compile_playbook(checked.playbook, 0))

    def _surveyed(self, checked: _Checked, rules: Rules) -> Survey:
        survey = self.survey(rules, checked.lines)
        return replace(survey, warnings=(*checked.warnings, *survey.warnings))

    def check(self, text: bytes | str) -> Playbook:
        """The playbook, its templates prepared. Raises `BadRequest` with every fault."""
        return self._checked(text).playbook

    def _checked(self, text: bytes | str) -> _Checked:
        from chalicelib.domain.playbook.parsing import parse_with_lines

        parsed = parse_with_lines(text)
        if parsed.draft is None:
            raise _refused(parsed.faults)
        preparing = _Preparing(self.templates, self.measure_sms, parsed.lines)
        prepared = preparing.playbook(parsed.draft)
        faults = [*parsed.faults, *preparing.faults]
        if faults:
            raise _refused(sorted(faults, key=lambda fault: fault.line))
        return _Checked(prepared, parsed.lines, tuple(map(_told, preparing.warnings)))

    def source(self) -> str:
        """The live playbook as it was written. Raises `NotFound` where none is."""
        version = self.playbooks.live()
        if not version:
            raise NotFound("not-found", "No playbook has been published yet.")
        return self.playbooks.source(version)

    def versions(self) -> list[dict[str, Any]]:
        """Every version, newest first."""
        return [_version_view(row) for row in self.playbooks.versions()]

    def roll_back(self, version: int) -> int:
        """Make an earlier version live again. Raises `NotFound`."""
        before = self.rules.current()
        try:
            self.playbooks.point(version)
        except KeyError as error:
            raise NotFound("not-found", "No playbook has this version.", "version") from error
        self._in_force(before)
        return version


def _version_view(row: Mapping[str, Any]) -> dict[str, Any]:
    """{"version", "at", "live", "backfill"}, and "backfilledAt" where that is complete.

    `stopped`: another version went live before all profiles were under this one.
    """
    filled = row["filled"]
    shown = {"version": row["version"], "at": to_text(row["at"]), "live": row["live"]}
    if filled > 0:
        return {**shown, "backfill": "complete", "backfilledAt": to_text(filled)}
    running = "running" if row["live"] else "stopped"
    return {**shown, "backfill": "not-needed" if filled == NOT_NEEDED else running}


def _refused(faults: Any) -> BadRequest:
    told = [_told(one) for one in faults]
    many = "1 fault" if len(told) == 1 else f"{len(told)} faults"
    return BadRequest("invalid-playbook", f"Mend {many} and publish again.", details={"faults": told})


def _told(one: Fault) -> dict[str, Any]:
    return {"line": one.line, "path": one.path, "message": one.message}


class _Preparing:
    """Puts every template of a playbook through the engine and gathers what is wrong, with its line."""

    def __init__(self, templates: Templates, measure_sms: MeasureSms, lines: Mapping[str, int]) -> None:
        self.templates = templates
        self.measure_sms = measure_sms
        self.lines = lines
        self.faults: list[Fault] = []
        self.warnings: list[Fault] = []

    def playbook(self, playbook: Playbook) -> Playbook:
        messages = {name: self._message(message) for name, message in playbook.messages.items()}
        return msgspec.structs.replace(playbook, messages=messages)

    def _message(self, message: Message) -> Message:
        path = f"messages.{message.name}"
        self._content(message.links, f"{path}.links")
        variants = {
            name: self._variant(variant, f"{path}.variants.{name}", message.links)
            for name, variant in message.variants.items()
        }
        return msgspec.structs.replace(message, variants=variants)

    def _variant(self, variant: Variant, path: str, links: Collection[str]) -> Variant:
        locales = {
            language: self._contents(contents, f"{path}.locales.{language}", links)
            for language, contents in variant.locales.items()
        }
        return msgspec.structs.replace(
            variant, contents=self._contents(variant.contents, path, links), locales=locales
        )

    def _contents(self, contents: Contents, path: str, links: Collection[str]) -> Contents:
        if "sms" in contents:
            self._measure(contents["sms"], f"{path}.sms.text", links)
        return {channel: self._content(content, f"{path}.{channel}") for channel, content in contents.items()}

    def _measure(self, content: Mapping[str, Any], path: str, links: Collection[str]) -> None:
        long = self.measure_sms(content, links)
        if long is not None:
            found = self.faults if long.refused else self.warnings
            found.append(Fault(self._line(path), path, long.message))

    def _content(self, content: Mapping[str, Any], path: str) -> dict[str, Any]:
        # What is no text has its fault already.
        there = {name: value for name, value in content.items() if value is not None}
        prepared, faults = self.templates.prepare(there)
        for inner, message in faults:
            full = f"{path}.{inner}" if inner else path
            self.faults.append(Fault(self._line(full), full, message))
        return prepared

    def _line(self, path: str) -> int:
        """The line of the path, or of the nearest part of it that the document has."""
        return next((self.lines[part] for part in _upwards(path) if part in self.lines), 1)


def _upwards(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    yield ""
