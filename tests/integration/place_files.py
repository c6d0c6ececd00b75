"""Files of places for the tests, and the sentence that a wrong one gives."""

import copy
import json

import polars as pl
import pytest

from dashboard.intake import PLACES, IntakeError, read
from sample_data import places

from .intake_files import balanced


def read_places(data, *, file_name="places.csv", **options):
    batch = balanced(read(data if isinstance(data, bytes) else data.encode(), file_name=file_name, **options))
    assert batch.figures.is_empty() and batch.places.schema == PLACES[batch.places_kind]
    assert batch.size == batch.places.height and len(batch.sha256) == 64
    return batch


def sentence(data, *, file_name="places.csv", **options):
    """The one sentence that a wrong file gives."""
    with pytest.raises(IntakeError) as caught:
        read(data if isinstance(data, bytes) else data.encode(), file_name=file_name, **options)
    words = str(caught.value)
    assert words.startswith(f"{file_name} ") and words.endswith(".") and words.count(". ") == 0 and "\n" not in words
    assert len(words) < 400
    return words


def forum_rows(vintage, *, header="lsoa,forum_area,forum_area_name"):
    names = places.areas().filter(pl.col("level") == "forum").select("code", "name").rows_by_key("code", unique=True)
    rows = [(a, f, names[f]) for a, f in places.lookup(vintage).select("lsoa", "forum").iter_rows()]
    return [header, *(",".join((a, f, n if isinstance(n, str) else n[0])) for a, f, n in rows)]


def as_csv(rows):
    return "\n".join(rows) + "\n"


def collection(level, vintage=None):
    return copy.deepcopy(places.boundaries(level, vintage))


def geojson(layer):
    return json.dumps(layer).encode()
