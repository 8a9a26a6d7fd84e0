"""What is deployed, packaged once a run: the tests look at the very file that `make package` makes."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from infra.package import package


@pytest.fixture(scope="session")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with `sam.json` and `deployment.zip`. Of several workers the first packages, the others wait."""
    shared = (
        tmp_path_factory.getbasetemp().parent
        / f"packaged-{os.environ.get('PYTEST_XDIST_TESTRUNUID', os.getpid())}"
    )
    with Path(f"{shared}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not shared.exists():
            unfinished = shared.with_suffix(".unfinished")
            package(unfinished)
            shutil.move(unfinished, shared)
    return shared


@pytest.fixture(scope="session")
def template(packaged: Path) -> dict[str, Any]:
    """The packaged template."""
    read: dict[str, Any] = json.loads((packaged / "sam.json").read_text())
    return read
