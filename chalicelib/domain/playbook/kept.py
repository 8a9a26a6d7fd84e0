"""A playbook version as it is kept: the playbook, and beside it what compiling it has worked out.

    every name of `Playbook`   its values, as they always were: an older worker reads these alone
    compiled_by                which compiler and Python made what follows (`module.TAG`)
    compiled                   the module of its conditions and what they need

Where `compiled_by` is another's, or nothing is kept, the playbook is compiled anew: slower, and the same rules.
What is kept holds code. Publishing writes it, from the checked playbook and under the scope `operate`, and
nobody else may write where it is kept: text of a playbook is in it as constants only (`conditions/source.py`).
"""

from __future__ import annotations

import msgspec

from chalicelib.domain.conditions.model import Feature
from chalicelib.domain.conditions.module import TAG, from_bytes
from chalicelib.domain.playbook.compiler import Prepared, compile_playbook, conditions_in, prepare
from chalicelib.domain.playbook.model import Playbook
from chalicelib.domain.rules import Rules


class _Compiled(msgspec.Struct, frozen=True, array_like=True):
    module: bytes
    names: tuple[str, ...]
    features: tuple[Feature, ...]
    wheres: tuple[str, ...]
    fingerprint: str


class _Beside(msgspec.Struct, frozen=True):
    compiled_by: str = ""
    compiled: msgspec.Raw = msgspec.Raw()


_playbook = msgspec.msgpack.Decoder(Playbook)
_beside = msgspec.msgpack.Decoder(_Beside)
_compiled = msgspec.msgpack.Decoder(_Compiled)


def keep(playbook: Playbook) -> bytes:
    """A checked playbook, compiled, as it is kept."""
    made = prepare(playbook)
    compiled = _Compiled(made.module.to_bytes(), made.names, made.features, made.wheres, made.fingerprint)
    beside = {"compiled_by": TAG, "compiled": compiled}
    return msgspec.msgpack.encode(msgspec.structs.asdict(playbook) | beside)


def kept_rules(data: bytes, version: int) -> Rules:
    """The rules of what `keep` gave, here or elsewhere."""
    playbook, beside = _playbook.decode(data), _beside.decode(data)
    if beside.compiled_by != TAG:
        return compile_playbook(playbook, version)
    one = _compiled.decode(beside.compiled)
    if len(one.names) != sum(1 for _ in conditions_in(playbook)):
        return compile_playbook(playbook, version)
    prepared = Prepared(from_bytes(one.module), one.names, one.features, one.wheres, one.fingerprint)
    return compile_playbook(playbook, version, prepared)
