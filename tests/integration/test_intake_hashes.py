"""Identifiers become keyed hashes: the same person the same hash, another key another, and no key is shown."""

import os
import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.intake import IntakeError, privacy
from dashboard.intake.privacy import Key

from .invented import KEY, OTHER, nhs_numbers

identifiers = st.lists(st.text(st.characters(codec="utf-8"), max_size=30), min_size=1, max_size=30)


@given(identifiers)
def test_the_same_identifier_gets_the_same_hash_and_under_another_key_another(texts):
    series = pl.Series("id", texts)
    hashes = privacy.keyed_hash(series, key=KEY)
    assert hashes.to_list() == privacy.keyed_hash(series, key=KEY).to_list()
    assert privacy.keyed_hash(series.reverse(), key=KEY).reverse().to_list() == hashes.to_list()
    others = privacy.keyed_hash(series, key=OTHER)
    for mine, theirs in zip(hashes, others, strict=True):
        assert (mine is None) == (theirs is None)
        assert mine is None or (re.fullmatch("[0-9a-f]{20}", mine) and mine != theirs)


@given(st.sets(st.integers(0, 10**12), min_size=2, max_size=200))
def test_different_identifiers_get_different_hashes(numbers):
    hashes = privacy.keyed_hash(pl.Series(sorted(numbers)), key=KEY)
    assert hashes.n_unique() == len(numbers)


def test_the_hash_is_hmac_sha256():
    # printf 'ABC123' | openssl dgst -sha256 -hmac 4f1e2d3c4b5a69788796a5b4c3d2e1f0 | cut -c 1-20, after the equals sign
    assert privacy.keyed_hash(pl.Series(["abc123"]), key=KEY).item() == "ca45558acc8593d2932b"


def test_spelling_does_not_part_one_person_from_themselves():
    spelt = pl.Series(["999 000 0018", "9990000018", " 999-000-0018 ", "9990000018.0", "９９９0000018"])
    assert privacy.keyed_hash(spelt, key=KEY).n_unique() == 1
    assert privacy.keyed_hash(pl.Series(["ab1", " AB1"]), key=KEY).n_unique() == 1
    assert privacy.keyed_hash(pl.Series([None, "", "  "]), key=KEY).null_count() == 3
    assert privacy.keyed_hash(pl.Series([12, 13]), key=KEY).n_unique() == 2


def test_rotation_keeps_a_person_s_rows_together():
    both = Key((*KEY.secrets, *OTHER.secrets))
    people = pl.Series("id", nhs_numbers(50))
    old = privacy.keyed_hash(people, key=KEY)
    turned = privacy.rotate(old, key=both)
    assert turned.to_list() == privacy.keyed_hash(people, key=both).to_list()  # files that come later agree
    assert not set(turned) & (set(old) | set(privacy.keyed_hash(people, key=OTHER)))
    assert len({KEY.id, OTHER.id, both.id}) == 3 and re.fullmatch("[0-9a-f]{8}", both.id)
    with pytest.raises(IntakeError, match="There is only one identifier key"):
        privacy.rotate(old, key=KEY)


def test_the_key_comes_from_the_settings(tmp_path):
    secret = KEY.secrets[0].decode()
    assert privacy.read_key({privacy.SETTING: secret}) == KEY
    assert privacy.read_key({privacy.SETTING: f"{secret}\n{OTHER.secrets[0].decode()}\n"}).secrets[1:] == OTHER.secrets
    path = tmp_path / "identifier.txt"
    path.write_text(secret + "\n")
    path.chmod(0o600)
    assert privacy.read_key({privacy.FILE_SETTING: str(path)}) == KEY


@pytest.mark.parametrize(
    ("content", "mode", "says"),
    [
        ("4f1e2d3c4b5a69788796a5b4c3d2e1f0", 0o640, "Others may read the identifier key file "),
        ("4f1e2d3c4b5a69788796a5b4c3d2e1f0", 0o604, "Others may read the identifier key file "),
        ("abc123", 0o600, "The identifier key is too short or too plain: make one of 64 characters"),
        ("a" * 64, 0o600, "The identifier key is too short or too plain"),
        ("", 0o600, "The identifier key is too short or too plain"),
        ("clé" * 20, 0o600, "holds more than plain letters and digits"),
        (None, 0o600, "cannot be read: No such file"),
    ],
)
def test_a_key_file_that_is_no_good_is_one_sentence(tmp_path, content, mode, says):
    path = tmp_path / "identifier.txt"
    if content is not None:
        path.write_text(content, encoding="utf-8")
        os.chmod(path, mode)
    with pytest.raises(IntakeError) as caught:
        privacy.read_key({privacy.FILE_SETTING: str(path)})
    assert says in str(caught.value) and str(caught.value).endswith(".")
    assert not content or content not in str(caught.value)


def test_no_key_and_no_secret_in_what_is_printed():
    with pytest.raises(IntakeError, match="sets EARLY_HELP_IDENTIFIER_KEY or EARLY_HELP_IDENTIFIER_KEY_FILE"):
        privacy.read_key({})
    with pytest.raises(IntakeError, match="is not a file"):
        privacy.read_key({privacy.FILE_SETTING: str(Path(__file__).parent)})
    assert KEY.secrets[0].decode() not in repr(KEY) + str(KEY)
