"""Builds what is deployed: `python -m infra.package [--out build/packaged]`.

Chalice packages the code and makes a template of the functions and the API; laid over it are the tables and queues
(`resources.yaml`), how each function runs (`functions.yaml`), what it may do (`grants.yaml`) and the alarms
(`alarms.yaml`). The result is one template for every stage: the stage is its parameter.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from infra.roles import roles_and_logs

Json = dict[str, Any]

HERE = Path(__file__).parent
PROJECT = HERE.parent
DEFAULT_OUT = PROJECT / "build" / "packaged"
TEMPLATE = "sam.json"
CODE = "deployment.zip"
LAYERS = ("resources.yaml", "functions.yaml", "alarms.yaml")


def overlay() -> Json:
    """Everything that `infra/` adds to Chalice's template, as one template."""
    merged: Json = {}
    for layer in LAYERS:
        merged = merge(merged, _read(layer))
    return merge(merged, {"Resources": roles_and_logs(_read("grants.yaml"), merged["Resources"])})


def merge(base: Json, over: Json) -> Json:
    """`base` with `over` laid upon it: objects join key by key, anything else is replaced."""
    joined = dict(base)
    for key, value in over.items():
        below = joined.get(key)
        joined[key] = merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return joined


def package(out: Path) -> Path:
    """Package the application into `out`; gives the template's path. `deployment.zip` lies beside it."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    laid_over = out / "overlay.json"
    laid_over.write_text(json.dumps(overlay(), indent=2))
    _run_chalice(out, laid_over)
    laid_over.unlink()
    return out / TEMPLATE


def _read(layer: str) -> Json:
    content: Json = yaml.safe_load((HERE / layer).read_text())
    return content


def _run_chalice(out: Path, laid_over: Path) -> None:
    """Chalice wants a region, though nothing it makes here depends on one."""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    chalice = str(Path(sys.executable).with_name("chalice"))
    command = [chalice, "package", "--stage", "package", "--merge-template", str(laid_over), str(out)]
    subprocess.run(command, cwd=PROJECT, env={**os.environ, "AWS_DEFAULT_REGION": region}, check=True)


def main() -> None:
    """Package, and say where it lies."""
    parser = argparse.ArgumentParser(description="Build the deployment package and its template.")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    template = package(parser.parse_args().out.resolve())
    print(f"packaged: {template} and {CODE} beside it")


if __name__ == "__main__":
    main()
