"""When a page fails: a plain sentence with a reference for the visitor, the place it failed in the server's log."""

from __future__ import annotations

import logging
import secrets
import traceback

import streamlit as st

log = logging.getLogger("early_help")

# No vowels, no look-alikes: a reference that can be read out over the telephone.
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ23456789"


class _WithoutData(logging.Filter):
    """Keeps Streamlit from logging an error's own text, which may hold what a visitor typed or a file contained."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.msg != "Uncaught app execution"


def keep_data_out_of_the_log() -> None:
    logger = logging.getLogger("streamlit.error_util")
    if not any(isinstance(kept, _WithoutData) for kept in logger.filters):
        logger.addFilter(_WithoutData())


def trace_without_data(error: BaseException) -> str:
    """Kinds of error and the places they passed, `file:line function`, without messages, values or lines of code."""
    parts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        places = [f"  {f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(current.__traceback__)]
        parts.append("\n".join([type(current).__name__, *places]))
        current = current.__cause__ or current.__context__
    return "\nbecause of ".join(parts)


def on_script_error(error: Exception) -> bool:
    """Say that the page failed and log where, under the same reference. True: Streamlit shows nothing of its own."""
    reference = "".join(secrets.choice(_LETTERS) for _ in range(6))
    log.error("Page failed, reference %s: %s", reference, trace_without_data(error))
    st.error(
        "Something went wrong and this page could not be shown. Nothing was changed. Reload the page; "
        f"if it fails again, give whoever runs the dashboard the reference {reference}."
    )
    return True
