"""A reader that stops reading ends a command quietly."""

from __future__ import annotations

import subprocess
import sys

TALK = "import sys; from infra.piping import piped; sys.exit(piped(lambda: print('x' * 1_000_000) or 0))"


def test_a_reader_that_has_enough_is_no_fault() -> None:
    command = subprocess.Popen([sys.executable, "-c", TALK], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert command.stdout is not None and command.stderr is not None
    command.stdout.read(1)
    command.stdout.close()
    with command.stderr as said:
        assert said.read() == b""
    assert command.wait() == 1


def test_who_is_read_to_the_end_has_the_commands_own_status() -> None:
    told = subprocess.run([sys.executable, "-c", TALK], capture_output=True, check=False)
    assert (told.returncode, len(told.stdout)) == (0, 1_000_001)
