"""What Topeka costs in its owner's account: measured use by AWS's price list. Writes build/cost.json.

python -m tests.cost            exit status 1 if a target was missed
python -m tests.cost explain    and what each figure is made of
"""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

from tests.bench.rows import table
from tests.cost import prices as price_list
from tests.cost.measuring import Measured, measure
from tests.cost.model import by_service, levers, month, rows
from tests.cost.prices import Prices

RESULTS = Path("build/cost.json")


def main(words: list[str]) -> int:
    """Measure, compute, tell."""
    prices = price_list.load()
    found = measure(prices)
    told = rows(found, prices)
    print(f"AWS list prices of {prices.as_of}, us-east-1, arm64, no free tier\n\n{table(told)}\n")
    print(_months(found, prices))
    print(_levers(found, prices))
    if words == ["explain"]:
        print(_explained(found))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(_results(found, prices), indent=2) + "\n")
    missed = [row.name for row in told if not row.met]
    print(f"{len(told)} figures, {len(missed)} targets missed" + (f": {', '.join(missed)}" if missed else ""))
    return 1 if missed else 0


def _months(found: Measured, prices: Prices) -> str:
    lived = prices.month
    lived_so = f"{lived['events']} events, {lived['decisions']} decisions and {lived['emails']} e-mails"
    lines = [f"A month in which a customer has {lived_so}, in dollars:"]
    for customers in lived["customers"]:
        used = month(found, prices, customers)
        other = price_list.load(x86=True).total(used)
        total = prices.total(used)
        lines.append(f"  {customers:>11,} customers {total:>14,.2f}  ({1000 * total / customers:.2f} a thousand; x86 "
                     f"{other:,.2f})  {by_service(used, prices, 1)}")  # fmt: skip
    return "\n".join(lines) + "\n"


def _levers(found: Measured, prices: Prices) -> str:
    lines = ["The three largest levers, in dollars a month for a million customers:"]
    lines += [f"  {one.saves:>10,.2f}  {one.name}" for one in levers(found, prices)[:3]]
    return "\n".join(lines) + "\n"


def _explained(found: Measured) -> str:
    lines = []
    for flow, functions in found.told.items():
        lines.append(flow)
        for function, told in functions.items():
            lines.append(
                f"  {function}: " + ", ".join(f"{name} {amount:,.0f}" for name, amount in told.items())
            )
    return "\n".join(lines) + "\n"


def _results(found: Measured, prices: Prices) -> dict[str, object]:
    return {
        "prices": prices.as_of,
        "figures": [row.to_json() for row in rows(found, prices)],
        "months": {str(n): prices.by_service(month(found, prices, n)) for n in prices.month["customers"]},
        "months_x86": {
            str(n): price_list.load(x86=True).by_service(month(found, prices, n))
            for n in prices.month["customers"]
        },
        "levers": {one.name: one.saves for one in levers(found, prices)},
        "told": found.told,
    }


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    sys.exit(main(sys.argv[1:]))
