"""The package that is deployed: what is uploaded, and what Lambda unpacks, read from the archive itself."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.package import CODE, package
from tests.bench.rows import Row

MEGABYTE = 1_048_576
#: Well under Lambda's own limits: 50 MB zipped where it is uploaded directly, 250 MB unpacked (Lambda, Quotas).
ZIPPED, UNPACKED = 25, 90


def run() -> Sequence[Row]:
    """Build it, and weigh it."""
    with TemporaryDirectory() as folder:
        return weighed(package(Path(folder)).with_name(CODE))


def weighed(archive: Path) -> Sequence[Row]:
    """Both sizes of a package, and what its largest parts are."""
    parts: Counter[str] = Counter()
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            parts[entry.filename.partition("/")[0]] += entry.file_size
    largest = ", ".join(f"{name} {size / MEGABYTE:.1f}" for name, size in parts.most_common(4))
    return [
        Row("the package, zipped", archive.stat().st_size / MEGABYTE, "MB", ZIPPED),
        Row("the package, unpacked", parts.total() / MEGABYTE, "MB", UNPACKED, largest),
    ]
