"""moto behaves as AWS does only with these repairs; tests and the local stack apply them before any call."""

from __future__ import annotations

from infra.local.moto_locks import lock_calls
from infra.local.moto_queries import narrow_queries
from infra.local.moto_transactions import cheapen_transactions


def apply() -> None:
    """Mend moto in this process. Applying it again changes nothing."""
    lock_calls()
    cheapen_transactions()
    narrow_queries()
