"""Adapters are told apart from the library that makes clients: importing them must stay cheap."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ADAPTERS = sorted(path.stem for path in Path("chalicelib/adapters").glob("*.py") if path.stem != "__init__")
HEAVY = ("boto3", "mypy_boto3_dynamodb", "phonenumbers", "liquid", "mjml", "yaml", "email_validator")


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_importing_an_adapter_imports_nothing_heavy(adapter: str) -> None:
    code = f"import sys, chalicelib.adapters.{adapter}; print(*set({HEAVY}) & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
