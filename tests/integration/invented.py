"""Invented numbers and addresses of nobody, and files that hold them, for the tests of what could name a person.

NHS numbers are from the range 999 that is kept for tests, telephone numbers from Ofcom's range for drama, National
Insurance numbers and UPNs put together for the test.
"""

from dashboard.intake.privacy import Key

from .intake_files import NORTH, WEST

OWN = ["measure", "area", "period", "value", "note"]
KEY = Key((b"4f1e2d3c4b5a69788796a5b4c3d2e1f0",))
OTHER = Key((b"00112233445566778899aabbccddeeff",))


# B801200005001: 8·2 + 1·4 + 2·5 + 5·10 + 1·13 = 93 = 4·23 + 1, and the letter for 1 is B
VALUES = [
    ("9990000018", "NHS numbers"),
    ("999 000 0018", "NHS numbers"),
    ("9990000018.0", "NHS numbers"),
    ("B801200005001", "pupil numbers (UPN)"),
    ("b801200005001", "pupil numbers (UPN)"),
    ("AB 12 34 56 C", "National Insurance numbers"),
    ("ab123456c", "National Insurance numbers"),
    ("ann.other@example.org", "e-mail addresses"),
    ("01604 496012", "telephone numbers"),
    ("(0114) 496 0123", "telephone numbers"),
    ("07700 900123", "telephone numbers"),
    ("+44 7700 900123", "telephone numbers"),
    ("020 7946 0123", "telephone numbers"),
    ("NN1 1AA", "postcodes"),
    ("nn11aa", "postcodes"),
    ("SW1A 1AA", "postcodes"),
]


def nhs_numbers(how_many):
    """From the test range, each with the digit that makes the sum of digits times 10 … 2, 1 a multiple of 11."""
    found = []
    for serial in range(how_many * 2):
        nine = f"999{serial:06d}"
        for last in range(10):
            if sum(int(d) * w for d, w in zip(f"{nine}{last}", range(10, 0, -1), strict=True)) % 11 == 0:
                found.append(f"{nine}{last}")
    return found[:how_many]


def own_file(header, *cells, note="as reported"):
    rows = [f"rereferrals,{area},2019,23.9,{note},{cell}" for area, cell in zip((NORTH, WEST), cells, strict=True)]
    return "\n".join([",".join([*OWN, header]), *rows, ""]).encode()
