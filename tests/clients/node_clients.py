"""Segment's JavaScript clients: installed once from the lock file, run as programs of their own."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parent / "node"
BUILD = Path(__file__).parents[2] / "build"


def installed() -> Path:
    """The folder of the installed packages. Skips the test, saying why, where they can't be had."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("node and npm are not on this machine, so Segment's JavaScript clients are not tried")
    lock = (SCRIPTS / "package-lock.json").read_bytes()
    there = BUILD / f"node-clients-{hashlib.sha256(lock).hexdigest()[:12]}"
    if not there.exists():
        _install(npm, there)
    return there / "node_modules"


def run(script: str, *arguments: str, packages: Path) -> None:
    """Run a script to its end, as `node <script> <arguments>`; what it complains of fails the test."""
    env = {**os.environ, "NODE_PATH": str(packages)}
    told = ["node", str(SCRIPTS / script), *arguments]
    done = subprocess.run(told, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def _install(npm: str, there: Path) -> None:
    """Install beside, then rename: whoever else installs at the same time is not in the way."""
    BUILD.mkdir(exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=BUILD, prefix="installing-"))
    try:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(SCRIPTS / name, beside)
        told = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(told, cwd=beside, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"npm could not install Segment's JavaScript clients: {done.stderr.strip()[:300]}")
        if not there.exists():
            beside.rename(there)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
