"""Answering the questionnaire: what somebody is asked, what they have said so far, and saving it as they go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dashboard import words
from dashboard.access import ANSWER, NotAllowed, Scope, require
from dashboard.answers.keep import the_store
from dashboard.answers.questionnaire_rows import INVENTED, MADE_UP, instruments
from dashboard.store import StaleEdit, StoreError

DONT_KNOW, NOT_APPLICABLE, BLANK = "dont_know", "not_applicable", "blank"
OTHERS: Mapping[str, str] = {DONT_KNOW: "Don’t know", NOT_APPLICABLE: "Not applicable"}
HOW = (
    "Every answer is saved as soon as you leave its field: there is nothing to send. You may stop and come back, here "
    "or on another machine, until the round closes."
)
_ROLES: Mapping[str, str] = {"leader": "a leader", "manager": "a manager", "practitioner": "a practitioner"}


@dataclass(frozen=True, slots=True)
class FormItem:
    """One thing that is asked. `choices`: code → what is shown; `notes`: code → what that score looks like."""

    id: str
    name: str
    text: str
    choices: Mapping[str, str]
    notes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FormSection:
    title: str
    items: tuple[FormItem, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """All that somebody is asked in one round. `invited`: the number of their invitation."""

    invited: int
    title: str
    who: str  # "You answer for Police, as a leader, in the round 2026."
    sections: tuple[FormSection, ...]
    closed: bool
    banner: str

    @property
    def items(self) -> tuple[FormItem, ...]:
        return tuple(item for section in self.sections for item in section.items)


@dataclass(frozen=True, slots=True)
class Given:
    """One answer as it stands. `base`: id of this version, 0 before the first; `choice`: a code of `choices`, or ""."""

    base: int = 0
    choice: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)  # reason, evidence, comment

    @property
    def answered(self) -> bool:
        """Whether it counts: something was chosen, and where it does not apply the reason is there."""
        return bool(self.choice) and (self.choice != NOT_APPLICABLE or bool(self.texts.get("reason")))


def invitations(scope: Scope) -> dict[str, str]:
    """What this person is asked, open rounds first: number of the invitation → words. Raises `NotAllowed`."""
    require(scope, ANSWER)
    rows = the_store().questionnaires.invitations(scope.person, scope.email)
    ordered = rows.sort("closed_at", nulls_last=False, descending=True, maintain_order=True)
    return {
        str(row["invited_id"]): f"{row['title']}, for {row['partner']}" + (" (closed)" if row["closed_at"] else "")
        for row in ordered.iter_rows(named=True)
    }


def form(scope: Scope, invited: str) -> Form:
    """What one invitation asks. Raises `NotAllowed`, and `KeyError` for an invitation that is not this person's."""
    require(scope, ANSWER)
    rows = the_store().questionnaires.invitations(scope.person, scope.email)
    row = {str(one["invited_id"]): one for one in rows.iter_rows(named=True)}[invited]
    instrument = instruments()[f"{row['instrument']}/{row['edition']}"]
    return Form(
        row["invited_id"],
        instrument.title,
        f"You answer for {row['partner']}, as {_ROLES[row['respondent_role']]}, in the round {row['title']}.",
        tuple(
            FormSection(section.title, tuple(_item(item, instrument.labels_of(section)) for item in section.items))
            for section in instrument.asked(row["respondent_role"])
        ),
        row["closed_at"] is not None,
        INVENTED if row["standing"] == MADE_UP else "",
    )


def _item(item, labels: Mapping[int, str]) -> FormItem:
    choices = {str(score): f"{score} – {label}" for score, label in labels.items()} | OTHERS
    return FormItem(item.id, item.name, item.text, choices, {str(score): note for score, note in item.descriptors})


def held(scope: Scope, it: Form) -> dict[str, Given]:
    """What this person has answered so far, by item; items without an answer are there too."""
    require(scope, ANSWER)
    rows = the_store().questionnaires.answers_of(it.invited, person=scope.person).iter_rows(named=True)
    found = {row["item"]: _given(row) for row in rows}
    return {item.id: found.get(item.id, Given()) for item in it.items}


def _given(row: Mapping) -> Given:
    choice = str(row["score"]) if row["state"] == "score" else "" if row["state"] == BLANK else row["state"]
    return Given(row["answer_id"], choice, {name: row[name] for name in ("reason", "evidence", "comment")})


def try_save(
    scope: Scope, invited: int, item: str, choice: str, texts: Mapping[str, str], *, base: int
) -> int | str | StaleEdit:
    """Keep one answer: the id of the new version, a sentence where it cannot be kept, or the other text where it was
    changed meanwhile in another window."""
    state = choice if choice in OTHERS else "score" if choice else BLANK
    try:
        require(scope, ANSWER)
        return the_store().questionnaires.save_answer(
            invited,
            item,
            state=state,
            score=int(choice) if state == "score" else None,
            **{name: texts.get(name, "") for name in ("reason", "evidence", "comment")},
            base=base or None,
            person=scope.person,
        )
    except StaleEdit as stale:
        return stale
    except (NotAllowed, StoreError) as error:
        return str(error)


def progress(it: Form, answers: Mapping[str, Given]) -> str:
    """How far somebody has come, in words: how many of how many, what is next, and that nothing needs sending."""
    done = [item for item in it.items if answers[item.id].answered]
    left = [item for item in it.items if not answers[item.id].answered]
    if it.closed:
        return f"The round is closed. You answered {len(done)} of {len(it.items)}; what you see is fixed."
    if not left:
        return f"You have answered all {len(it.items)}. You can still change them until the round closes."
    unexplained = [item for item in left if answers[item.id].choice == NOT_APPLICABLE]
    said = f"You have answered {len(done)} of {len(it.items)}. "
    if unexplained:
        return said + f"Please say why it does not apply: {words.listed([f'“{item.name}”' for item in unexplained])}."
    return said + f"Next: “{left[0].name}”."


def about(scope: Scope) -> dict[str, str]:
    """What becomes of the answers, for the block at the foot of the page."""
    return {
        "definition": "Score what is in place today, not what is planned. “Don’t know” is an answer; “Not applicable” "
        "needs a reason.",
        "source": "your own view of the early help system, for the partner that you answer for",
        "method": "Your scores are averaged with those of others of your partner, and each partner counts once. "
        "Results are shown when the round is closed.",
        "limits": "Results are shown by partner and not by person. Where few answer for a partner, its figure is close "
        "to theirs. The facilitator of the workshop reads evidence and comments under the partner’s name, not yours. "
        "The coordinator sees who has answered, to remind the others.",
    }
