"""The action plan of the demonstration: one that nobody made, and the example of 2013."""

from __future__ import annotations

import tomllib
from importlib.resources import files

from dashboard.intake.action_plan import read_plan
from dashboard.store import Store

EXAMPLE = "district_plan_2013.csv"


def add_plan(store: Store, *, author: str) -> None:
    """Put both plans into the store, unless something is in its plan already."""
    if not store.plans.current().is_empty():
        return
    folder = files("sample_data") / "plans"
    for row in read_plan((folder / EXAMPLE).read_bytes(), file_name=EXAMPLE).rows:
        store.plans.add(row.fields, author=author, standing="example", note="An early help plan of 2013")
    invented = tomllib.loads((folder / "invented_plan.toml").read_text(encoding="utf-8"))
    for action in invented["action"]:
        reviews = action.pop("review")
        number = store.plans.add(action, author=author, standing="invented")
        for review in reviews:
            base = store.plans.history(number)["version_id"][0]
            store.plans.review(number, **review, base=base, author=author)
