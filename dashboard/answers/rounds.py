"""Running a round of the questionnaire: opening it, inviting, seeing who has not answered, closing it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from dashboard import words
from dashboard.access import ROUND, Scope, require
from dashboard.answers.keep import the_store
from dashboard.answers.questionnaire_rows import LOCAL, MADE_UP, Round, instruments, rounds
from dashboard.store import StoreError
from metrics.questionnaire import ROLES, as_json

ANSWERED, AGREED, IMPORT, INVITE, OPEN = "answered", "agreed", "import", "invite", "open"
DO: Mapping[str, str] = {
    ANSWERED: "See who has answered, and close",
    INVITE: "Invite more people",
    IMPORT: "Take answers from a file",
    AGREED: "Record what the workshop agreed",
    OPEN: "Open a new round",
}
ASKED = pl.Schema(dict.fromkeys(("partner", "respondent", "respondent_role"), pl.String))
REFUSED = pl.Schema({"line": pl.Int64, "value": pl.String, "reason": pl.String})
SOURCE = "Invitations and answers to the system questionnaire"
HINT = (
    "One person a line, as pasted from a spreadsheet or with commas: partner, e-mail address, role "
    f"({', '.join(ROLES)}). The address is the one that they sign in with."
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a round has come. `partners`: a row a partner; `reminders`: a row for each who has not answered all."""

    sentence: str
    partners: pl.DataFrame
    reminders: pl.DataFrame


def offered(scope: Scope) -> dict[str, str]:
    """Every round, the latest first: number → title, and whether it is open. Raises `NotAllowed`."""
    require(scope, ROUND)
    return {str(n): f"{one.title}, {'closed' if one.closed else 'open'}" for n, one in rounds().items()}


def round_of(scope: Scope, chosen: str) -> Round:
    """One round. Raises `NotAllowed`, `KeyError`."""
    require(scope, ROUND)
    return rounds()[int(chosen)]


def standing(scope: Scope, chosen: str) -> Standing:
    """Who has answered how much, read anew each time. What somebody answered is not in it."""
    it = round_of(scope, chosen)
    asked = {role: {item.id for s in it.instrument.asked(role) for item in s.items} for role in ROLES}
    items = pl.DataFrame(
        [(role, item) for role, ids in asked.items() for item in ids], schema=["respondent_role", "item"], orient="row"
    )
    store = the_store().questionnaires
    explained = (pl.col("state") != "not_applicable") | (pl.col("reason") != "")
    given = store.answers(it.id).filter(pl.col("state") != "blank", explained).select("invited_id", "item")
    each = store.invited(it.id).select("invited_id", "partner", "identity", "respondent_role")
    every = each.join(items, on="respondent_role").join(
        given.with_columns(there=True), on=["invited_id", "item"], how="left"
    )
    done = every.group_by("invited_id").agg(pl.col("there").fill_null(False).sum().alias("done"), pl.len().alias("of"))
    people = each.join(done, on="invited_id").sort("partner", "invited_id")
    whole, some = pl.col("done") == pl.col("of"), pl.col("done") > 0
    by_partner = people.group_by("partner", maintain_order=True).agg(
        pl.len().alias("asked"),
        whole.sum().alias("all"),
        (some & ~whole).sum().alias("some"),
        (~some).sum().alias("none"),
    )
    titles = {"partner": "Partner", "asked": "Asked", "all": "Answered all", "some": "Begun", "none": "Not begun"}
    left = people.filter(~whole).select(
        pl.col("partner").alias("Partner"),
        pl.col("identity").alias("Person"),
        pl.col("respondent_role").alias("Role"),
        pl.format("{} of {}", "done", "of").alias("Answered"),
    )
    return Standing(
        _sentence(it, people, by_partner),
        by_partner.select(pl.col(c).cast(pl.String).alias(t) for c, t in titles.items()),
        left,
    )


def _sentence(it: Round, people: pl.DataFrame, by_partner: pl.DataFrame) -> str:
    done = people.filter(pl.col("done") == pl.col("of")).height
    silent = by_partner.filter(pl.col("none") == pl.col("asked"))["partner"].to_list()
    state = "is closed" if it.closed else "is open"
    said = f"{it.title} {state}: {done} of {people.height} people have answered everything, "
    begun = by_partner.filter(pl.col("none") < pl.col("asked")).height
    said += f"and somebody has begun in {begun} of {by_partner.height} partners."
    if silent and len(silent) <= 5:
        return f"{said} Nobody yet from {words.listed(silent)}."
    return said


def editions(scope: Scope) -> dict[str, str]:
    """The instruments that a round can be opened for, the newest edition first: key → words."""
    require(scope, ROUND)
    known = sorted(instruments().values(), key=lambda one: (one.id, one.edition), reverse=True)
    return {one.key: f"Edition {one.edition}{'' if one.official else ', not official'}: {one.title}" for one in known}


def people_in(text: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Who stands in a pasted list, and the lines that are refused, each with a sentence: columns `ASKED`, `REFUSED`."""
    good: dict[str, tuple[str, str, str]] = {}
    bad: list[tuple[int, str, str]] = []
    for line, row in enumerate(text.splitlines(), 1):
        cells = [cell.strip() for cell in re.split(r"[\t;,]", row)]
        if not any(cells) or (line == 1 and cells[0].casefold() == "partner"):
            continue
        why = _fault(cells, good)
        if why:
            bad.append((line, row.strip()[:80], why))
        else:
            good[cells[1].casefold()] = (cells[0], cells[1], cells[2].casefold())
    return pl.DataFrame(list(good.values()), schema=ASKED, orient="row"), pl.DataFrame(
        bad, schema=REFUSED, orient="row"
    )


def _fault(cells: list[str], known: Mapping[str, object]) -> str:
    if len(cells) != 3 or not all(cells):
        return "a line is partner, e-mail address and role"
    _, person, role = cells
    if role.casefold() not in ROLES:
        return f"the role is {', '.join(ROLES[:-1])} or {ROLES[-1]}, not {role[:40]}"
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+|https?://[^\s#]+#\S+", person):
        return "the second part is no e-mail address"
    if person.casefold() in known:
        return "this person stands here already"
    return ""


def try_open(scope: Scope, key: str, title: str, end: date, text: str) -> tuple[int | None, str]:
    """Open a round for those of the list that can be asked; gives its number, or None, and a sentence."""
    require(scope, ROUND)
    people, bad = people_in(text)
    it, store = instruments()[key], the_store().questionnaires
    who = {"by": scope.signature, "as_role": scope.role}
    try:
        store.add_instrument(as_json(it), **who)
        # Whoever is signed in as a ready user tries things out: their round holds nobody's real opinion.
        standing = MADE_UP if scope.local else LOCAL
        number = store.open_round(
            it.id, it.edition, title=title, period_end=end, asked=people, standing=standing, **who
        )
    except StoreError as error:
        return None, f"{error}{_left_out(bad)}"
    return number, f"The round {title.strip()} is open, and {_people(people.height)} asked.{_left_out(bad)}"


def try_invite(scope: Scope, chosen: str, text: str) -> tuple[bool, str]:
    """Ask more people in an open round: whether that was done, and a sentence. Those asked already are left out."""
    it = round_of(scope, chosen)
    people, bad = people_in(text)
    store = the_store().questionnaires
    there = store.invited(it.id)["identity"]
    new = people.filter(~pl.col("respondent").str.to_lowercase().is_in(there.to_list()))
    if new.is_empty():
        return False, f"There is nobody new in the list.{_left_out(bad)}"
    try:
        store.invite(it.id, new, by=scope.signature, as_role=scope.role)
    except StoreError as error:
        return False, str(error)
    known = people.height - new.height
    more = f" {known} {'was' if known == 1 else 'were'} asked already." if known else ""
    return True, f"{_people(new.height).capitalize()} asked in the round {it.title} now.{more}{_left_out(bad)}"


def _people(count: int) -> str:
    return "1 person is" if count == 1 else f"{count} people are"


def _left_out(bad: pl.DataFrame) -> str:
    said = [f"Line {line} was left out: {reason}." for line, _, reason in bad.iter_rows()]
    return "".join(f" {one}" for one in said[:8]) + (f" And {len(said) - 8} more." if len(said) > 8 else "")


def try_close(scope: Scope, chosen: str, *, sure: bool) -> tuple[bool, str]:
    """Close a round, if the person is sure: whether that was done, and a sentence."""
    it = round_of(scope, chosen)
    if not sure:
        return False, "Nothing was closed: tick the box first."
    try:
        the_store().questionnaires.close_round(it.id, by=scope.signature, as_role=scope.role)
    except StoreError as error:
        return False, str(error)
    return True, f"The round {it.title} is closed. Its answers are fixed, and its results are shown."
