"""Load data: check a file, put it in, see what was refused, take a load out again."""

import streamlit as st

from dashboard.answers import case_loads, loads
from dashboard.components import Choice, empty_state, filters, guard, headline, literal, plain_table, section, title
from dashboard.components.files import refused_file

scope = guard("load_data")
title("What figures are in, and how do new ones get in?")
standing = loads.loaded(scope)
headline(loads.summary(standing))
if st.session_state.get("done"):
    st.success(literal(st.session_state.pop("done")))

section("Put a file in", lead="First it is only checked: nothing changes until you press “Load”.")
kind = filters(Choice("kind", "Kind of file", {"": "found by its header", **loads.KINDS}))["kind"]
given = st.file_uploader(
    "File (CSV, Excel workbook, GeoJSON, or a ZIP of CSV files)",
    type=["csv", "tsv", "txt", "xlsx", "zip", "geojson", "json"],
    key="file",
)
if given is not None:
    with st.spinner("Checking every row…"):
        seen = loads.preview(scope, given.getvalue(), file_name=given.name, kind=kind)
    if seen.problem:
        st.error(literal(seen.problem))
    else:
        st.info(literal(seen.sentence))
    if seen.batch is not None:
        for remark in seen.batch.remarks:
            st.caption(literal(remark))
        if seen.batch.refused.height:
            plain_table(
                ["Line", "Column", "Value", "Reason"],
                seen.batch.refused.head(loads.SHOWN).rows(),
                caption=loads.refused_caption(seen.batch.refused.height),
                numbers=["Line"],
            )
            refused_file(seen.batch.refused, name=seen.file_name)
        if seen.batch.repaired.height:
            plain_table(
                ["Line", "Column", "Value", "Reason"],
                seen.batch.repaired.head(loads.SHOWN).rows(),
                caption=case_loads.repaired_caption(seen.batch.repaired.height),
                numbers=["Line"],
            )
            refused_file(seen.batch.repaired, name=f"repaired {seen.file_name}")
    if seen.kept_out:
        st.warning(seen.kept_out)
    elif not seen.problem and st.button(f"Load {literal(seen.file_name)}", type="primary"):
        st.session_state["done"] = loads.put_in(scope, seen.batch)
        st.rerun()

section("What was loaded", lead="Newest first. Undoing a load brings back what stood before it.")
if standing.is_empty():
    empty_state(
        "Nothing is loaded yet.", "Choose a file above. The kinds that are read are in its list “Kind of file”."
    )
else:
    plain_table(loads.COLUMNS, loads.cells(standing), caption="Loads", numbers=["Figures", "Refused"])
    with st.form("undo"):
        number = st.selectbox(
            "Load to look into or undo", loads.choices(standing), format_func=loads.choices(standing).get
        )
        sure = st.checkbox("Yes, take its figures out")
        with st.container(horizontal=True):
            look = st.form_submit_button("Show refused rows")
            take_out = st.form_submit_button("Undo this load")
        if take_out:
            st.session_state["done"] = loads.undo(scope, number) if sure else "Nothing was undone: tick the box first."
            st.rerun()
    if look:
        rows = loads.refused_of(scope, number)
        plain_table(
            ["Line", "Column", "Value", "Reason"],
            rows.head(loads.SHOWN).rows(),
            caption=loads.refused_caption(rows.height),
        )
        refused_file(rows, name=f"load-{number}")
