"""Questionnaire rounds: opened, answered, closed, and what the workshop agreed."""

from functools import partial

import streamlit as st

from dashboard.answers import rounds as answer
from dashboard.answers import rounds_import, rounds_workshop
from dashboard.components import Choice, filters, guard, headline, title
from dashboard.components.questionnaire_rounds import invite, open_round, say_done, take_file, who_answered, workshop
from dashboard.components.standing import standing

scope = guard("rounds")
banner = st.container()
title("Who has answered, and what was agreed?")
say_done()
offered = answer.offered(scope)
opening = partial(open_round, answer.editions(scope), hint=answer.HINT, try_open=partial(answer.try_open, scope))
if not offered:
    headline("No round of the questionnaire has been opened yet.")
    opening()
    st.stop()
row = st.columns(3)
chosen = filters(Choice("round", "Round", offered), Choice("do", "What to do", answer.DO), places=row[:2])
number, it = chosen["round"], answer.round_of(scope, chosen["round"])
with banner:
    standing([it.banner])
if chosen["do"] == answer.OPEN:
    opening()
elif chosen["do"] == answer.INVITE:
    invite(closed=it.closed, hint=answer.HINT, try_invite=partial(answer.try_invite, scope, number))
elif chosen["do"] == answer.IMPORT:
    take_file(
        shown=rounds_import.SHOWN,
        preview=partial(rounds_import.preview, scope, number),
        take=partial(rounds_import.try_take, scope, number),
    )
elif chosen["do"] == answer.AGREED and not it.closed:
    headline("This round is still open: people answer until it is closed, and scores are agreed after that.")
elif chosen["do"] == answer.AGREED:
    item = filters(Choice("item", "Topic", rounds_workshop.items(scope, number)), places=row[2:])["item"]
    workshop(
        rounds_workshop.desk(scope, number, item),
        subject=f"{number}-{item}",
        agree=partial(rounds_workshop.try_agree, scope, number, item),
        act=partial(rounds_workshop.try_action, scope, number, item) if rounds_workshop.may_plan(scope) else None,
    )
else:
    who_answered(
        answer.standing(scope, number),
        title=it.title,
        source=answer.SOURCE,
        closed=it.closed,
        close=partial(answer.try_close, scope, number),
    )
