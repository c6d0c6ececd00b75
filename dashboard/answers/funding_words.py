"""What the funding page says: the banner, tables in words, headlines, what stands under the figures."""

from __future__ import annotations

import polars as pl

from dashboard import words
from dashboard.access import Scope
from dashboard.answers import funding, places
from dashboard.answers.funding import Allocation
from dashboard.answers.scenarios import Scenario
from metrics.funding import Model

HELD = {
    "": words.MISSING,
    "floor": "the floor",
    "limit below": "the limit: may not fall further",
    "limit above": "the limit: may not rise further",
}
SOURCE = (
    "Indices of Deprivation 2019 (MHCLG); mid-year population estimates 2020 (ONS); children's centres and family hubs "
    "2026 (DfE); reckoned by this dashboard"
)
DRAWN = (
    "Each of the 1,000 weightings is drawn around the chosen one: a weight of 14% lies mostly between 8% and 21%. A "
    "range leaves out the 5% of weightings at either end."
)


def banner(scope: Scope, held: Scenario, level: str) -> str:
    """What is illustrative here; empty where nothing is."""
    said = []
    if held.illustrative:
        said.append(
            "Illustrative model: the county's own 29 indicators and their weights are not published, so this one is "
            "made of published figures and of weights that nobody has decided."
        )
    if level == "forum" and places.illustrative(scope):
        said.append("Illustrative areas: the ten forum areas are stand-ins for the partnership's own.")
    return " ".join(said)


def columns(answer: Allocation) -> list[str]:
    head = funding.COUNTED[answer.settings.people].capitalize()
    each = "For each child" if answer.settings.people == "age_0_17" else "For each person"
    return [
        "Area",
        head,
        "Need (0–100)",
        "Rank of need",
        "Would receive",
        each,
        than(answer).capitalize(),
        "Difference",
        "In %",
        "Held by",
    ]


def cells(answer: Allocation) -> list[tuple[str, ...]]:
    """The allocation in words, with a last row for the whole."""
    rows = [
        (
            row["name"],
            f"{row['people']:,}",
            words.number(row["need"]),
            str(row["rank"] or words.MISSING),
            words.pounds(row["amount"], pence=True),
            words.pounds(row["per_head"], pence=True),
            words.pounds(row["today"], pence=True),
            words.pounds(row["difference"], pence=True, signed=True),
            _change(row["change"]),
            HELD[row["held"]],
        )
        for row in answer.areas.iter_rows(named=True)
    ]
    pence = int((answer.areas["amount"] * 100).round().sum())
    whole = answer.areas.select(pl.col("people", "today").sum()).row(0, named=True)
    # a sum of those that are known would say too little
    known = words.MISSING if answer.areas["today"].null_count() else words.pounds(whole["today"], pence=True)
    sums = ("", "", words.pounds(pence / 100, pence=True), "", known, "", "", "")
    return [*rows, ("All areas", f"{whole['people']:,}", *sums)]


def _change(share: float | None) -> str:
    text = words.number(None if share is None else 100 * share)
    return text if share is None else f"{'+' if share > 0 and float(text) else ''}{text}%"


def part_names(answer: Allocation) -> dict[str, str]:
    """Domain (or the base) → name, in the model's order; a domain that weighs nothing keeps its place."""
    return dict(answer.parts.select("domain", "name").unique(maintain_order=True).iter_rows())


def part_cells(answer: Allocation) -> list[tuple[str, ...]]:
    """Pounds of each area by domain, in words; areas in the order of the allocation."""
    held = {(a, d): p for a, d, p in answer.parts.select("area", "domain", "pounds").iter_rows()}
    return [
        (name, *(words.pounds(held[area, d]) for d in part_names(answer)), words.pounds(amount))
        for area, name, amount in answer.areas.select("area", "name", "amount").iter_rows()
    ]


def part_figures(answer: Allocation) -> pl.DataFrame:
    """`measure`, `group`, `value` of the parts, for the chart."""
    return answer.parts.select(
        pl.col("domain").alias("measure"), pl.col("area").alias("group"), pl.col("pounds").alias("value")
    )


def names(answer: Allocation) -> dict[str, str]:
    """Area → name, most money first."""
    return dict(answer.areas.select("area", "name").iter_rows())


def today(answer: Allocation) -> dict[str, float]:
    """Area → pounds today, where they are known."""
    return dict(answer.areas.select("area", "today").drop_nulls().iter_rows())


def than(answer: Allocation) -> str:
    """What the allocation is compared with."""
    return "today" if answer.settings.today == "typed" else "if shared by population"


def source(held: Scenario) -> str:
    return SOURCE if held.values is None else f"{SOURCE}; values loaded with the scenario “{held.name}”"


def parts_words(answer: Allocation, held: Scenario) -> dict[str, str]:
    """What stands above and beneath the chart of parts."""
    level = funding.LEVELS[answer.settings.level].lower()
    return {
        "headline": _parts_headline(answer),
        "subtitle": f"Pounds that each of the {answer.areas.height} {level} would receive, by domain",
        "source": source(held),
        "n": f"{answer.areas['people'].sum():,} {funding.COUNTED[answer.settings.people]}",
    }


def difference_words(answer: Allocation, held: Scenario) -> dict[str, str]:
    """What stands above and beneath the chart of differences."""
    return {
        "headline": _difference_headline(answer),
        "subtitle": f"Pounds more (dark) or less (outlined) than {than(answer)}",
        "source": source(held),
    }


def by_difference(answer: Allocation) -> dict[str, str]:
    """Area → name, the greatest gain first."""
    ordered = answer.areas.sort("difference", "name", descending=[True, False], nulls_last=True)
    return dict(ordered.select("area", "name").iter_rows())


def difference_figures(answer: Allocation) -> pl.DataFrame:
    """`group` and `value` of the differences, for the chart."""
    return answer.areas.select(pl.col("area").alias("group"), pl.col("difference").alias("value"))


def _parts_headline(answer: Allocation) -> str:
    most, least = answer.areas.row(0, named=True), answer.areas.row(-1, named=True)
    return (
        f"From {words.pounds(least['amount'])} for {least['name']} to {words.pounds(most['amount'])} for {most['name']}"
    )


def _difference_headline(answer: Allocation) -> str:
    known = answer.areas.drop_nulls("difference").sort("difference", "name", descending=[True, False])
    if known.is_empty():
        return "No amounts of today to compare with"
    up, down = known.row(0, named=True), known.row(-1, named=True)
    if up["difference"] <= 0 and down["difference"] >= 0:
        return f"Every area would receive as much as {than(answer)}"
    against = "today" if answer.settings.today == "typed" else "a share by population"
    first = f"{up['name']} would gain most against {against}"
    return f"{first}, {down['name']} would lose most" if down["difference"] < 0 else first


FIRM_COLUMNS = ["Area", "Rank of need", "90% range", "At this rank", "Among the first three"]


def firm_cells(answer: Allocation) -> list[tuple[str, ...]]:
    """How firmly each area keeps its rank, in words."""
    return [
        (
            row["name"],
            str(row["rank"]),
            str(row["lowest"]) if row["lowest"] == row["highest"] else f"{row['lowest']} to {row['highest']}",
            f"{words.number(100 * row['same'], decimals=0)}% of weightings",
            f"{words.number(100 * row['top'], decimals=0)}%",
        )
        for row in answer.firm.iter_rows(named=True)
    ]


def firm_sentence(answer: Allocation) -> str:
    loose = answer.firm.filter(pl.col("lowest") < pl.col("highest"))["name"].to_list()
    if not loose:
        return f"Every area keeps its rank of need in at least nine weightings of ten. {DRAWN}"
    keep = answer.firm.height - len(loose)
    return (
        f"{keep} of {answer.firm.height} areas keep their rank of need in at least nine weightings of ten; "
        f"{words.listed(loose)} may change places with others. {DRAWN}"
    )


MODEL_COLUMNS = ["Indicator", "Domain", "Weight in its domain", "More need where it is", "Unit", "Source"]


def model_cells(model: Model) -> list[tuple[str, ...]]:
    """The model in words, a row an indicator."""
    return [
        (
            one.name,
            f"{domain.name} ({per_cent(domain.weight)} of the whole)",
            per_cent(one.weight / sum(i.weight for i in domain.indicators)),
            "higher" if one.direction == "higher" else "lower",
            one.unit or words.MISSING,
            one.source or words.MISSING,
        )
        for domain in model.domains
        for one in domain.indicators
    ]


def per_cent(share: float) -> str:
    return f"{words.number(100 * share)}%"


def model_sentence(held: Scenario) -> str:
    count = sum(len(d.indicators) for d in held.model.domains)
    return (
        f"{held.model.name}: {count} indicators in {len(held.model.domains)} domains. Each indicator is ranked over "
        "the small areas, so that none counts for more because its numbers are larger; the domains are weighed as set "
        "above."
    )


def about(scope: Scope, answer: Allocation, held: Scenario) -> dict[str, str]:
    """Fields of the block that ends the page."""
    lacking, present = funding.missing(scope, held.id)
    small = funding.table(scope, held.id).height
    return {
        "definition": "A budget shared out over areas in proportion to people × need, after a fixed base where one is "
        "set, within a floor and a limit of change where they are set. Need is the weighted sum of the domains' "
        "scores, 0 to 100, higher is more need.",
        "source": source(held),
        "last_update": "people of 2020; deprivation of 2019, mostly figures of 2015/16; family hubs of 2026",
        "n": f"{small} small areas; {present:,} values of indicators",
        "exclusions": f"{lacking:,} values are missing; an area that lacks half a domain takes its middle"
        if lacking
        else "nothing: every small area has every indicator",
        "method": "The principles of the Indices of Deprivation: indicators ranked and made standard normal, domains "
        "averaged, ranked, transformed exponentially and weighed over small areas; areas take the mean of their small "
        f"areas weighted by {funding.COUNTED[answer.settings.people]}. Money adds up to the penny (largest remainder).",
        "limits": "Need is relative within the county. It says nothing of what a service costs in the country or the "
        "town, of what is spent already by others, or of whether money helps.",
    }
