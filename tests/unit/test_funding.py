"""The needs index and its model, contributions and rank stability."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, norm, rankdata

from metrics.definition_files import DefinitionError
from metrics.deprivation import editions
from metrics.funding import (
    Domain,
    Indicator,
    Model,
    allocate,
    contributions,
    example_model,
    needs_index,
    rank_stability,
    read_model,
    to_larger,
    weigh,
    with_weight,
)
from sample_data.places import deprivation, need_indicators

EXAMPLE = example_model()


def indicator(column: str, direction: str = "higher", weight: float = 1.0) -> Indicator:
    return Indicator(column, column, column, direction, weight, "unit", "source")


def model(*domains: tuple[str, float, list[Indicator]]) -> Model:
    made = tuple(Domain(i, i, weight, tuple(indicators)) for i, weight, indicators in domains)
    return Model("m", "M", True, "any", "note", made)


def exponential(values: np.ndarray) -> np.ndarray:
    """Domain values, higher more need, as transformed scores: by scipy's ranks, apart from the code."""
    n = len(values)
    share = (n + 1 - rankdata(-values, "average")) / n
    return -23 * np.log(1 - share * (1 - np.exp(-100 / 23)))


# ---- the index


def test_with_the_domains_of_the_index_of_deprivation_need_is_its_published_score():
    table, edition = deprivation("2019", england=True), editions()["2019"]
    weights = sum(d.weight for d in edition.domains)  # .999, which a model scales to 1
    same = model(*((d.id, d.weight / weights, [indicator(f"{d.id}_rank", "lower")]) for d in edition.domains))
    need = needs_index(table, same)
    assert (need["need"] * weights - need["imd_score"]).abs().max() < 0.0006
    assert need["missing"].sum() == 0


def test_indicators_are_put_on_one_scale_turned_and_weighed():
    random = np.random.default_rng(3)
    a, b, c = random.lognormal(size=(3, 40))
    table = pl.DataFrame({"area": [f"A{i:02}" for i in range(40)], "a": a, "b": b * 1_000, "c": c})
    made = model(
        ("first", 0.7, [indicator("a", "higher", 3), indicator("b", "lower", 1)]), ("second", 0.3, [indicator("c")])
    )

    def standard(values):
        return norm.ppf(rankdata(values) / 41)

    first = exponential((3 * standard(a) - standard(b)) / 4)
    second = exponential(c)
    got = needs_index(table, made)
    assert np.allclose(got["first_score"], first)
    assert np.allclose(got["second_score"], second)
    assert np.allclose(got["need"], 0.7 * first + 0.3 * second)
    assert got["rank"].to_list() == rankdata(-got["need"].to_numpy(), "min").tolist()
    assert got["area"].to_list() == table["area"].to_list()


def test_spread_and_unit_of_an_indicator_change_nothing():
    made = model(("d", 1.0, [indicator("x"), indicator("y", "lower")]))
    table = pl.DataFrame({"x": [1.0, 5.0, 2.0, 9.0], "y": [4.0, 3.0, 8.0, 1.0]})
    stretched = table.with_columns(pl.col("x").exp() * 1e6, 100 - 1 / pl.col("y"))
    assert needs_index(table, made)["need"].equals(needs_index(stretched, made)["need"])


def test_a_missing_value_leaves_its_weight_to_the_others_or_the_area_in_the_middle():
    table = pl.DataFrame(
        {"x": [1.0, 2.0, 3.0, None, None], "y": [1.0, 2.0, 3.0, 4.0, None], "z": [5.0, 4.0, 3.0, 2.0, 1.0]}
    )
    made = model(("d", 0.5, [indicator("x"), indicator("y")]), ("e", 0.5, [indicator("z")]))
    got = needs_index(table, made)
    assert got["missing"].to_list() == [0, 0, 0, 1, 2]
    assert got["assumed"].to_list() == [[], [], [], [], ["d"]]
    # the fourth area goes by y alone, where it is highest of four; the fifth takes 0, the middle: third of five
    assert got["d_score"].to_list() == pytest.approx(exponential(np.array([-2.0, -1.0, 1.0, 2.0, 0.0])).tolist())
    # with less than half of the domain's weight present the area is set to the middle as well
    heavy = model(("d", 0.5, [indicator("x", weight=3), indicator("y", weight=1)]), ("e", 0.5, [indicator("z")]))
    assert needs_index(table, heavy)["assumed"].to_list() == [[], [], [], ["d"], ["d"]]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"y": [1.0]}, "needs the column 'x'"),
        ({"x": [None]}, "no value in any area"),
        ({"x": [float("nan")]}, "not a number"),
    ],
)
def test_an_indicator_without_values_is_refused(table, words):
    with pytest.raises(ValueError, match=words):
        needs_index(pl.DataFrame(table, schema_overrides={"x": pl.Float64}), model(("d", 1.0, [indicator("x")])))


# ---- the model as data


def test_the_shipped_model_is_illustrative_and_made_of_columns_that_ship():
    assert EXAMPLE.illustrative
    assert "Illustrative" in EXAMPLE.note
    assert [d.name for d in EXAMPLE.domains] == [
        "Deprivation",
        "Early years",
        "Young people",
        "Communities",
        "Adults",
        "Community safety",
        "Access to services",
    ]
    table = need_indicators()
    used = [i for d in EXAMPLE.domains for i in d.indicators]
    assert [i.column for i in used if i.column not in table.columns or table[i.column].null_count()] == []
    assert all(i.source and i.unit and i.name for i in used)
    need = needs_index(table, EXAMPLE)
    assert need.height == 422
    assert need["missing"].sum() == 0
    # each indicator points the way it says: need rises with it, or falls
    for one in used:
        turned = need[one.column].cast(pl.Float64) * (1 if one.direction == "higher" else -1)
        home = next(d for d in EXAMPLE.domains if one in d.indicators)
        assert np.corrcoef(rankdata(turned), rankdata(need[f"{home.id}_score"]))[0, 1] > 0.4, one.id


TABLE = {
    "id": "t",
    "name": "T",
    "illustrative": False,
    "geography": "LSOA 2011",
    "note": "n",
    "domain": [
        {
            "id": "d",
            "name": "D",
            "weight": 1.0,
            "indicator": [
                {"id": "i", "name": "I", "column": "c", "direction": "lower", "weight": 2, "unit": "u", "source": "s"}
            ],
        }
    ],
}


def changed(domain: dict | None = None, one: dict | None = None, **top) -> dict:
    first = TABLE["domain"][0]
    indicators = [{**first["indicator"][0], **(one or {})}]
    return {**TABLE, "domain": [{**first, "indicator": indicators, **(domain or {})}], **top}


def test_a_model_of_29_indicators_has_room():
    many = [{**TABLE["domain"][0]["indicator"][0], "id": f"i{n}", "column": f"c{n}"} for n in range(29)]
    made = read_model(changed({"indicator": many}))
    table = pl.DataFrame({f"c{n}": [1.0 * n, 2.0, 30.0 - n] for n in range(29)})
    assert needs_index(table, made)["rank"].n_unique() > 1


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (changed({"weight": 0.9}), "sum to 0.9, not to 1"),
        (changed({"indicator": []}), "d: indicator"),
        (changed(one={"direction": "up"}), "neither higher nor lower"),
        (changed(one={"weight": 0}), "at least one that weighs"),
        (changed(one={"id": "d"}), "given twice"),
        (changed(one={"weight": -1}), "indicator|weight"),
        (changed(colour="red"), "colour"),
        ({**TABLE, "domain": [{"id": "d"}]}, "missing"),
    ],
)
def test_a_model_that_contradicts_itself_is_refused(table, words):
    assert read_model(TABLE).domains[0].indicators[0].direction == "lower"
    with pytest.raises(DefinitionError, match=f"funding model t: .*({words})"):
        read_model(table)


def test_a_moved_weight_needs_only_the_last_step(need):
    moved = with_weight(EXAMPLE, "community_safety", 0.5)
    assert weigh(need, moved).equals(needs_index(need_indicators(), moved))
    assert not weigh(need, moved)["rank"].equals(need["rank"])


@given(st.sampled_from([d.id for d in EXAMPLE.domains]), st.floats(0, 1))
@settings(deadline=None)
def test_a_moved_weight_keeps_the_sum_and_the_ratios_of_the_others(domain, weight):
    moved = with_weight(EXAMPLE, domain, weight)
    assert sum(d.weight for d in moved.domains) == pytest.approx(1)
    assert next(d.weight for d in moved.domains if d.id == domain) == weight
    assert all(d.weight >= 0 for d in moved.domains)
    old = {d.id: d.weight for d in EXAMPLE.domains}
    ratios = [d.weight / old[d.id] for d in moved.domains if d.id != domain]
    assert max(ratios) == pytest.approx(min(ratios))


def test_a_weight_taken_from_one_that_had_everything_is_shared_alike():
    full = with_weight(EXAMPLE, "adults", 1.0)
    assert [d.weight for d in full.domains] == [0, 0, 0, 0, 1, 0, 0]
    back = with_weight(full, "adults", 0.4)
    assert [d.weight for d in back.domains] == pytest.approx([0.1, 0.1, 0.1, 0.1, 0.4, 0.1, 0.1])
    with pytest.raises(ValueError, match="no domain 'x'"):
        with_weight(EXAMPLE, "x", 0.5)
    with pytest.raises(ValueError, match="between 0 and 1"):
        with_weight(EXAMPLE, "adults", 1.5)


# ---- what moves it


@pytest.fixture(scope="module")
def need():
    return needs_index(need_indicators(), EXAMPLE)


def test_sharing_out_by_small_area_or_by_forum_area_gives_the_same_money(need):
    forums = to_larger(need, EXAMPLE, by="forum", population="population")
    assert forums.height == 10
    assert forums["population"].sum() == need["population"].sum() == 757_181
    small = allocate(2_500_000, need, area="lsoa", population="population").group_by("forum").agg(pl.col("pence").sum())
    large = allocate(2_500_000, forums, area="forum", population="population")
    both = large.join(small, on="forum", suffix="_small")
    assert (both["pence"] - both["pence_small"]).abs().max() <= 60  # a penny for each small area at most


def test_contributions_add_up_to_the_share_of_the_money(need):
    forums = to_larger(need, EXAMPLE, by="forum", population="population")
    parts = contributions(forums, EXAMPLE, area="forum", population="population")
    assert parts.height == 70
    assert parts["share"].sum() == pytest.approx(1)
    money = allocate(10_000_000, forums, area="forum", population="population")
    whole = (
        parts.group_by("forum")
        .agg(pl.col("share").sum(), pl.col("part").sum())
        .join(money, on="forum", suffix="_money")
    )
    assert (whole["share"] - whole["share_money"]).abs().max() < 1e-8
    assert whole["part"].to_list() == pytest.approx([1.0] * 10)
    # a domain that weighs nothing contributes nothing
    none = contributions(forums, with_weight(EXAMPLE, "adults", 0.0), area="forum", population="population")
    assert none.filter(pl.col("domain") == "adults")["share"].sum() == 0
    with pytest.raises(ValueError, match="nothing can be shared out"):
        contributions(
            forums.with_columns(pl.lit(0.0).alias("population")), EXAMPLE, area="forum", population="population"
        )


def test_ranks_under_drawn_weights(need):
    table = need_indicators()
    chosen = to_larger(need, EXAMPLE, by="forum", population="population").select("forum", "rank")
    options = {"area": "lsoa", "by": "forum", "population": "population"}
    got = rank_stability(table, EXAMPLE, draws=400, seed=11, **options)
    assert got.select("forum", "rank").equals(chosen)
    shares = np.array(got["shares"].to_list())
    assert shares.shape == (10, 10)
    assert shares.sum(axis=1) == pytest.approx(np.ones(10))
    assert shares.sum(axis=0) == pytest.approx(np.ones(10))  # some area holds each rank in each draw
    assert (got["lowest"] <= got["highest"]).all()
    # the range leaves at most 5% at either end
    for low, high, row in zip(got["lowest"], got["highest"], shares, strict=True):
        assert row[: low - 1].sum() <= 0.05 + 1e-9
        assert row[high:].sum() <= 0.05 + 1e-9
    assert rank_stability(table, EXAMPLE, draws=400, seed=11, **options).equals(got)
    assert not rank_stability(table, EXAMPLE, draws=400, seed=12, **options).equals(got)
    # weights that hardly move leave the ranks where they are
    firm = rank_stability(table, EXAMPLE, draws=50, seed=11, closeness=1e9, **options)
    assert firm["lowest"].equals(firm["rank"], check_names=False)
    assert firm["highest"].equals(firm["rank"], check_names=False)


def test_drawn_weights_lie_around_the_chosen_ones():
    """Two areas that differ in two domains only: the first leads in the share of draws in which its domain weighs
    more than half, which for the Dirichlet distribution of two weights is a beta probability."""
    table = pl.DataFrame({"area": ["a", "b"], "x": [2.0, 1.0], "y": [1.0, 2.0]})
    two = model(("first", 0.6, [indicator("x")]), ("second", 0.4, [indicator("y")]))
    got = rank_stability(table, two, draws=20_000, seed=5, area="area", closeness=20)
    leads = beta.sf(0.5, 12, 8)
    assert got["shares"].to_list()[0][0] == pytest.approx(leads, abs=0.015)  # four standard errors
    sure = replace(two, domains=(replace(two.domains[0], weight=1.0), replace(two.domains[1], weight=0.0)))
    certain = rank_stability(table, sure, draws=100, seed=5, area="area", closeness=20)
    assert certain["shares"].to_list() == [[1.0, 0.0], [0.0, 1.0]]


@pytest.mark.parametrize("options", [{"draws": 0}, {"closeness": 0.5}, {"by": "forum"}])
def test_stability_needs_draws_and_people(options):
    with pytest.raises(ValueError, match=r"draw|people"):
        rank_stability(need_indicators(), EXAMPLE, area="lsoa", **{"draws": 10, "seed": 1, **options})
