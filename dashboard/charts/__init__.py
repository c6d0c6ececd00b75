"""An estimates frame in, a picture and its words out. No Streamlit, no database."""

from dashboard.charts.history import Line, Target, history_chart
from dashboard.charts.palette import TRENDS, VERDICTS, Verdict, verdict
from dashboard.charts.sparkline import sparkline

__all__ = [
    "TRENDS",
    "VERDICTS",
    "Line",
    "Target",
    "Verdict",
    "history_chart",
    "sparkline",
    "verdict",
]
