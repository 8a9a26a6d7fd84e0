"""What the README shows can be used as it stands."""

from __future__ import annotations

import re
from pathlib import Path

from chalicelib.domain.playbook.parsing import parse

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_the_playbook_of_ten_lines_has_ten_lines_and_no_fault() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert len(text.splitlines()) == 10
    playbook, faults = parse(text)[:2]
    assert (faults, playbook is not None) == ((), True)


def test_every_target_it_names_is_one() -> None:
    makefile = (Path(__file__).parents[1] / "Makefile").read_text()
    named = set(re.findall(r"`make ([a-z-]+)", README))
    assert named <= set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))


def test_every_file_it_links_to_is_there() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert links
    assert all((Path(__file__).parents[1] / link).exists() for link in links)
