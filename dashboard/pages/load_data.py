"""Load data: check a file, put it in, see what was refused, take a load out again."""

import streamlit as st

from dashboard.answers import load_faults, loads
from dashboard.components import Choice, empty_state, filters, guard, headline, literal, plain_table, section, title
from dashboard.components.faults import fault_lists

scope = guard("load_data")
title("What figures are in, and how do new ones get in?")
standing = loads.loaded(scope)
headline(loads.summary(standing))
if st.session_state.get("done"):
    st.success(literal(st.session_state.pop("done")))
lists = {"reasons": load_faults.REASONS, "rows": load_faults.ROWS}

section("Put a file in", lead="First it is only checked: nothing changes until you press “Load”.")
kind = filters(Choice("kind", "Kind of file", {"": "found by its header", **loads.KINDS}))["kind"]
given = st.file_uploader(
    "File (CSV, Excel workbook, GeoJSON, or a ZIP of CSV files)",
    type=["csv", "tsv", "txt", "xlsx", "xlsm", "xlsb", "xls", "ods", "zip", "geojson", "json", "toml"],
    key=f"file{st.session_state.get('loaded', '')}",  # another one after a load: the file is done with
)
if given is not None:
    asked = (given.file_id, kind, tuple(loads.choices(standing)))
    if st.session_state.get("checked", (None, None))[0] != asked:  # not again for every press of a button
        with st.spinner("Checking every row…"):
            seen = loads.preview(scope, given.getvalue(), file_name=given.name, kind=kind)
        st.session_state["checked"] = (asked, seen)
    seen = st.session_state["checked"][1]
    if seen.problem:
        st.error(literal(seen.problem))
    else:
        st.info(literal(seen.sentence))
    if seen.kept_out:
        st.warning(seen.kept_out)
    elif not seen.problem and st.button(f"Load {literal(seen.file_name)}", type="primary"):
        st.session_state["done"] = loads.put_in(scope, seen.batch)
        st.session_state["loaded"] = st.session_state.get("loaded", 0) + 1
        del st.session_state["checked"]
        st.rerun()
    if seen.batch is not None:
        fault_lists(*load_faults.both(seen.batch.refused, seen.batch.repaired), **lists, file=seen.file_name)
        for remark in seen.batch.remarks:
            st.caption(literal(remark))

section("What was loaded", lead="Newest first. Undoing a load brings back what stood before it.")
if standing.is_empty():
    empty_state(
        "Nothing is loaded yet.", "Choose a file above. The kinds that are read are in its list “Kind of file”."
    )
else:
    plain_table(loads.COLUMNS, loads.cells(standing), caption="Loads", numbers=loads.NUMBERS)
    with st.form("undo"):
        number = st.selectbox(
            "Load to look into or undo", loads.choices(standing), format_func=loads.choices(standing).get
        )
        sure = st.checkbox("Yes, take out what it brought")
        with st.container(horizontal=True):
            look = st.form_submit_button("Show its refused rows")
            take_out = st.form_submit_button("Undo this load")
    if take_out and sure:
        st.session_state["done"] = loads.undo(scope, number)
        st.rerun()
    if take_out:
        st.warning("Nothing was undone. To undo a load, tick the box first.")
    if look:
        found = load_faults.both(*loads.faults_of(scope, number))
        if not any(faults.reasons for faults in found):
            st.info("Every row of this load was taken as it was.")
        fault_lists(*found, **lists, file=f"load-{number}")
