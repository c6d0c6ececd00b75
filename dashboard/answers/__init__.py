"""Questions that pages ask, one module a subject: read in a scope, reckoned, kept in the process."""

from dashboard.answers.keep import use_store

__all__ = ["reckon", "use_store", "warm"]


def warm(store) -> None:
    """Reckon what most visitors ask for, before the first of them comes."""
    from dashboard.access import PUBLISHED
    from dashboard.answers import published
    from dashboard.answers.scorecard import scorecard

    use_store(store)
    for area in published.PLACES:
        scorecard(PUBLISHED, area=area, against=published.ENGLAND, vintage=published.vintages()[0])


def reckon() -> None:
    """Reckon what case records come to, as far as most visitors ask for it, unless that is kept already."""
    from dashboard.access import PUBLISHED
    from dashboard.answers import activity_shown, journey_counts

    activity_shown.reckon(PUBLISHED)
    for year in [year for year in journey_counts.years(PUBLISHED) if year.over][:1]:
        journey_counts.of_areas(PUBLISHED, year.name)
