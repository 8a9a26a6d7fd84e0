"""A key is printed once and only its hash is stored."""

from __future__ import annotations

import os

import pytest

from chalicelib import settings, wiring
from chalicelib.domain.keys import key_hash
from infra import account, key
from tests.fakes import FakeKeys


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> FakeKeys:
    fake = FakeKeys()
    monkeypatch.setattr(wiring, "keys", lambda: fake)
    monkeypatch.setitem(os.environ, "TOPEKA_STAGE", "")
    for name, value in {
        "ACCESS_KEY_ID": "x",
        "SECRET_ACCESS_KEY": "x",
        "DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    settings.load.cache_clear()
    return fake


def test_an_operator_key_has_its_scopes(keys: FakeKeys, capsys: pytest.CaptureFixture[str]) -> None:
    assert key.main(["--stage", "dev", "--kind", "operator", "--scopes", "read,decide"]) is None
    made = capsys.readouterr().out.strip()
    found = keys.find(key_hash(made))
    assert found is not None
    assert (found["kind"], list(found["scopes"])) == ("operator", ["read", "decide"])
    assert keys.find(made) is None


def test_a_write_key_has_none(keys: FakeKeys, capsys: pytest.CaptureFixture[str]) -> None:
    key.main(["--stage", "dev"])
    found = keys.find(key_hash(capsys.readouterr().out.strip()))
    assert found is not None
    assert (found["kind"], list(found["scopes"])) == ("write", [])


def test_an_unknown_scope_is_refused(keys: FakeKeys, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        key.main(["--stage", "dev", "--kind", "operator", "--scopes", "everything"])
    assert "there are read, decide, operate" in capsys.readouterr().err


@pytest.mark.parametrize("stage", ["", "Dev", "a_b"])
def test_a_stage_without_a_sound_name_is_refused(keys: FakeKeys, stage: str) -> None:
    assert key.main(["--stage", stage]) == account.missing(stage, None)


def test_what_cannot_be_reached_is_said(keys: FakeKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    keys.fail_next("add")
    told = key.main(["--stage", "dev"])
    assert told is not None and "Is the stage deployed" in told
