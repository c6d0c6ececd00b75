"""Questions that pages ask, one module a subject: read in a scope, reckoned, kept in the process."""

from dashboard.answers.keep import how_many_came, use_store

__all__ = ["how_many_came", "reckon", "use_store", "warm"]


def warm(store) -> None:
    """Reckon what most visitors ask for, before the first of them comes."""
    from dashboard.access import PUBLISHED
    from dashboard.answers import published
    from dashboard.answers.scorecard import scorecard

    use_store(store)
    for area in published.PLACES:
        scorecard(PUBLISHED, area=area, against=published.ENGLAND, vintage=published.vintages()[0])


def reckon() -> None:
    """Reckon what case records come to, as far as most visitors ask for it, unless that is kept already.

    The pages that most people open come first: who is quicker than this waits for no more than their own page.
    """
    from dashboard.access import PUBLISHED
    from dashboard.answers import activity_own, activity_shown, data_quality, forum, journey_counts, star

    activity_shown.reckon(PUBLISHED)
    for year in [year for year in journey_counts.years(PUBLISHED) if year.over][:1]:
        journey_counts.of_areas(PUBLISHED, year.name)
        journey_counts.of_agencies(PUBLISHED, year.name)
    forum.reckon(PUBLISHED)
    data_quality.reckon(PUBLISHED)
    star.reckon(PUBLISHED)
    activity_own.reckon(PUBLISHED)
