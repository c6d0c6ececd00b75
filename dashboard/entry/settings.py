"""The settings in `.streamlit/config.toml`, found and applied wherever the dashboard is started from."""

from __future__ import annotations

import tomllib
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from streamlit import config
from streamlit.web import bootstrap

_NAME = "config.toml"


class SettingsMissing(RuntimeError):
    """The settings file is neither in the source folder nor in the installed package."""


def settings_path() -> Path:
    """Where the settings file stands: the source folder first, then what the installed package brought.

    Raises `SettingsMissing`: to serve without them would show traces to visitors and open the address to all.
    """
    beside = Path(__file__).resolve().parents[2] / ".streamlit" / _NAME
    if beside.is_file():
        return beside
    try:
        brought = files("early-help-dashboard") or []
    except PackageNotFoundError:
        brought = []
    for item in brought:
        if item.name == _NAME and item.parent.name == "early-help-dashboard":
            return Path(str(item.locate())).resolve()
    raise SettingsMissing("The settings file .streamlit/config.toml is missing; install the dashboard again.")


def read_settings() -> dict[str, object]:
    """The settings as one flat table: `{"server.address": "127.0.0.1", …}`."""
    table = tomllib.loads(settings_path().read_text(encoding="utf-8"))
    return {f"{section}.{option}": value for section, options in table.items() for option, value in options.items()}


def apply_settings() -> None:
    """Put the settings in force, over whatever a folder or a home directory on this machine says."""
    bootstrap.load_config_options(read_settings())


def change_setting(name: str, value: object) -> None:
    """Change one setting before the server starts, for what the command line decides (address, port)."""
    config.set_option(name, value)
