"""The page “One person's Stars”: the readings of one pseudonym, for those who may see cases.

A QA manager sees every service's Stars, an agency lead those that were completed in their own agency and no others.
What is looked at goes into the record, and nothing of it can be taken away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from dashboard import words
from dashboard.access import AGENCY, CASES, ROLES, NotAllowed, Scope, may_open
from dashboard.answers import people as visitors
from dashboard.answers import star_records as records
from dashboard.answers import star_words
from dashboard.answers.keep import kept
from metrics.estimates import SCHEMA, conform
from metrics.star import Edition
from metrics.star.readings import DRAFT, PERSON

PAGE = "one_person"
SHORT = 12  # letters of a pseudonym that are shown
STARS = ("Star", "Edition", "Completed by", "Counts in figures?")
_BY = {"together": "together", "worker": "worker alone", "person": "person alone"}


@dataclass(frozen=True, slots=True)
class Choices:
    """What may be chosen: code → what is shown."""

    stars: Mapping[str, str]
    services: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Person:
    """One person's Stars in words. `means`: first and latest stage by area, for the dumbbells; empty with one Star."""

    sentence: str
    pseudonym: str
    stars: pl.DataFrame
    readings: pl.DataFrame
    means: pl.DataFrame
    areas: Mapping[str, str]
    stages: Mapping[int, str]
    stage_key: str  # the same in words
    subtitle: str


@kept
def choices(scope: Scope) -> Choices | None:
    """The Stars, and the services whose people may be looked at; None where there are none. Raises `NotAllowed`."""
    mine = _mine(scope)
    if mine.is_empty():
        return None
    held = set(mine["star"])
    named, there = records.services(scope), set(mine["service"].drop_nulls())
    services = sorted(((name, service) for service, name in named.items() if service in there))
    return Choices(
        stars={key: kind.title for key, kind in records.kinds(scope).items() if kind.edition.star in held},
        services={service: name for name, service in services},
    )


@kept
def listed(scope: Scope, *, star: str, service: str) -> Mapping[str, str]:
    """Person → pseudonym with how many Stars and when the latest was, the latest first. Raises `NotAllowed`."""
    rows = _of(scope, star).filter(service=service)
    found = (
        rows.group_by("person_id")
        .agg(pl.col("star_id").n_unique().alias("stars"), pl.col("date").max().alias("latest"))
        .sort(["latest", "person_id"], descending=[True, False])
    )
    return {
        person: f"{pseudonym(person)}: {stars} {'Star' if stars == 1 else 'Stars'}, the latest on {words.day(latest)}"
        for person, stars, latest in found.iter_rows()
    }


def looked(scope: Scope, what: str) -> None:
    """Put into the record that single people's Stars were looked at."""
    visitors.note(scope, "looked", f"Stars: {what}")


def pseudonym(person: str) -> str:
    """The beginning of a keyed hash; an identifier of invented records as it is."""
    return person[:SHORT]


@kept
def one(scope: Scope, *, star: str, service: str, person: str) -> Person:
    """The Stars of a person, as far as the scope may see them. Raises `NotAllowed` for whoever is not in the list."""
    if person not in listed(scope, star=star, service=service):
        raise NotAllowed("This person is not among those whose Stars your role may see.")
    kind = records.kinds(scope)[star]
    rows = _of(scope, star).filter(person_id=person)
    made = _stars(rows, len(kind.edition.areas))
    areas = {area: kind.edition.area_name(area) for area in kind.edition.area_ids}
    counted = made.filter("counts")
    means = _means(rows, counted, kind.edition)
    return Person(
        sentence=_sentence(pseudonym(person), counted, means),
        pseudonym=pseudonym(person),
        stars=_in_words(made),
        readings=_readings(rows, made, kind.edition, areas),
        means=means,
        areas=areas,
        stages=star_words.stages(kind.edition),
        stage_key=star_words.stage_key(kind.edition),
        subtitle=f"{kind.title}, {pseudonym(person)}: stage at the first Star (open) and at the latest (filled)",
    )


def _mine(scope: Scope) -> pl.DataFrame:
    """The readings that the scope may see one by one."""
    role = ROLES.get(scope.role)
    if role is None or role.level != CASES or role.held_to not in ("", AGENCY) or not may_open(scope, PAGE):
        raise NotAllowed("Your role does not see single people's Stars.")
    every = records.readings(scope)
    known = [kind.edition.star for kind in records.kinds(scope).values()]
    every = every.filter(pl.col("star").is_in(known))
    return every.filter(pl.col("service").is_in(sorted(scope.agencies))) if role.held_to == AGENCY else every


def _of(scope: Scope, star: str) -> pl.DataFrame:
    if star not in records.kinds(scope):
        raise NotAllowed("This Star is not among those that may be chosen.")
    kind = records.kinds(scope)[star]
    mine = _mine(scope)
    return mine.filter(pl.col("star") == kind.edition.star, pl.col("edition").is_in(list(kind.editions)))


def _stars(rows: pl.DataFrame, areas: int) -> pl.DataFrame:
    """A row a Star in order of its day: `star_id`, `date`, …, `counts`: whether figures use it."""
    about = ("date", "edition", "completed_by", "retrospective", "state")
    made = rows.group_by("star_id").agg(*(pl.col(c).first() for c in about), pl.col("area").n_unique().alias("areas"))
    whole = (pl.col("areas") == areas) & (pl.col("state").fill_null("") != DRAFT)
    return made.with_columns((whole & (pl.col("completed_by").fill_null("") != PERSON)).alias("counts")).sort(
        "date", "star_id"
    )


def _in_words(made: pl.DataFrame) -> pl.DataFrame:
    rows = []
    for row in made.iter_rows(named=True):
        why = [
            *(["a draft"] if row["state"] == DRAFT else []),
            *(["completed by the person alone"] if row["completed_by"] == PERSON else []),
        ]
        counts = "yes" if row["counts"] else f"no: {words.listed(why) or 'incomplete'}"
        by = _BY.get(row["completed_by"] or "", "not recorded")
        late = ", afterwards from memory" if row["retrospective"] else ""
        rows.append((words.day(row["date"]), row["edition"], f"{by}{late}", counts))
    return pl.DataFrame(rows, schema=dict.fromkeys(STARS, pl.String), orient="row")


def _readings(rows: pl.DataFrame, made: pl.DataFrame, edition: Edition, areas: Mapping[str, str]) -> pl.DataFrame:
    """A row an area, a column a Star: stage and reading."""
    scores = {(s, a): score for s, a, score in rows.select("star_id", "area", "score").iter_rows()}
    days = [words.day(day) for day in made["date"]]
    titles = [day if days.count(day) == 1 else f"{day} ({n})" for n, day in enumerate(days, 1)]
    columns: dict[str, list[str]] = {"Area": list(areas.values())}
    for title, star in zip(titles, made["star_id"], strict=True):
        columns[title] = [_cell(scores.get((star, area)), edition) for area in areas]
    return pl.DataFrame(columns)


def _cell(score: float | None, edition: Edition) -> str:
    if score is None:
        return words.MISSING
    stage = f"stage {edition.stage_of(int(score))}"
    return stage if edition.readings_per_stage == 1 else f"{stage} ({words.number(score, decimals=0)})"


def _means(rows: pl.DataFrame, counted: pl.DataFrame, edition: Edition) -> pl.DataFrame:
    """First and latest stage by area, as the dumbbells take them."""
    if counted.height < 2:
        return pl.DataFrame(schema=SCHEMA)
    made = []
    for measure, star in (("stage_mean_first", counted["star_id"][0]), ("stage_mean_last", counted["star_id"][-1])):
        for area, score in rows.filter(star_id=star).select("area", "score").iter_rows():
            stage = float(edition.stage_of(int(score)))
            made.append({"measure": measure, "breakdown": "star_area", "group": area, "value": stage, "status": "ok"})
    return conform(pl.DataFrame(made), SCHEMA)


def _sentence(called: str, counted: pl.DataFrame, means: pl.DataFrame) -> str:
    if means.is_empty():
        how = "one Star that counts" if counted.height else "no Star that counts"
        return f"{called} has {how}, so nothing can be said yet of how far they have come."
    wide = means.pivot("measure", index="group", values="value")
    change = wide["stage_mean_last"] - wide["stage_mean_first"]
    up, same, down = ((change > 0).sum(), (change == 0).sum(), (change < 0).sum())
    days = (counted["date"][-1] - counted["date"][0]).days
    return (
        f"Between the first Star and the latest, {days:,} days apart, {called} moved up a stage or more in {up} of "
        f"{wide.height} areas, stayed in {same} and moved down in {down}."
    )


def about(scope: Scope) -> dict[str, str]:
    """What stands under the page: fields of `components.About`."""
    return {
        "definition": (
            "A person is a pseudonym: a keyed hash that nobody can turn back into a name here. Stages are worked out "
            "from the readings by the edition's own rule. Only Stars that are final, complete and made with a worker "
            "count."
        ),
        "source": "Outcome Star readings of the partnership",
        "last_update": str(records.as_at(scope) or ""),
        "exclusions": "For an agency lead: Stars that were completed in other agencies.",
        "method": "Nothing is reckoned but the stage and the difference. Nothing of this page can be taken away.",
    }
