"""What the strategy printed, beside what is published: wrong figures, contradicted claims."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard import words
from metrics.catalogue import Printed, catalogue
from metrics.indicators import judge_claim

WRONG, CONTRADICTED = "wrong as printed", "contradicted"


@dataclass(frozen=True, slots=True)
class PrintedRow:
    """A printed figure in words."""

    indicator: str
    name: str
    text: str  # "29.4% in 2018/19"
    published: str  # "published: 29.9% (2018/19)", or ""
    finding: str  # matches | revised since | wrong as printed | cannot be checked
    claim: str  # the sentence of the strategy
    verdict: str  # supported | contradicted | mixed | no comparator
    comparators: str  # "neighbours 22.1%, England 22.6%"
    explanation: str
    series: str  # the published series it is checked against, or ""

    @property
    def telling(self) -> bool:
        """Wrong as printed, or beside a claim that its own comparator contradicts."""
        return self.finding == WRONG or self.verdict == CONTRADICTED

    @property
    def published_words(self) -> str:
        return f"published: {self.published}" if self.published else ""

    @property
    def contradiction(self) -> str:
        return f"“too many” contradicted: {self.comparators}" if self.verdict == CONTRADICTED else ""

    @property
    def cells(self) -> tuple[str, ...]:
        """The columns of `COLUMNS`."""
        return (
            self.name, self.text, self.published or "–", self.finding,
            self.claim, self.comparators or "–", self.verdict, self.explanation,
        )  # fmt: skip


COLUMNS = ("Figure", "As printed", "Published", "Finding", "Claim", "Printed beside it", "The claim is", "Why")


def printed_rows(indicator: str) -> tuple[PrintedRow, ...]:
    """What was printed for one indicator."""
    return tuple(_row(p) for p in catalogue().printed if p.indicator == indicator)


def all_printed(strategy: str = "Northamptonshire 2020") -> tuple[PrintedRow, ...]:
    """Every printed figure of a strategy, in its own order."""
    return tuple(_row(p) for p in catalogue().printed if p.strategy == strategy)


def printed_sentence(rows: Sequence[PrintedRow]) -> str:
    """What a chair could read out about the strategy's own figures."""
    wrong = sum(r.finding == WRONG for r in rows)
    against = sum(r.verdict == CONTRADICTED for r in rows)
    unchecked = sum(r.finding == "cannot be checked" for r in rows)
    return (
        f"Of the {len(rows)} figures that the strategy printed, {wrong} are wrong as printed and {unchecked} cannot be "
        f"checked; {against} claims of “too many” are contradicted by the comparator printed beside them."
    )


def _row(p: Printed) -> PrintedRow:
    def said(value: float | None, decimals: int) -> str:
        return words.value(value, unit=p.unit, decimals=decimals)

    printed_places = _places(p.value_text)
    shown = said(p.value, printed_places) if p.value is not None else p.value_text
    published = ""
    if p.published is not None:
        published = f"{said(p.published, max(printed_places, _places(f'{p.published:g}')))} ({p.published_period})"
    beside = [
        f"{name} {said(value, _places(f'{value:g}'))}"
        for name, value in (("neighbours", p.neighbours), ("England", p.england), ("another area", p.other))
        if value is not None
    ]
    return PrintedRow(
        indicator=p.indicator,
        name=p.name,
        text=f"{shown} in {p.period}" if p.period[:4].isdigit() else f"{shown}, {p.period}",
        published=published,
        finding=p.finding,
        claim=p.claim,
        verdict=judge_claim(p),
        comparators=", ".join(beside),
        explanation=p.explanation,
        series=p.series,
    )


def _places(text: str) -> int:
    return len(text.partition(".")[2])
