"""The command line's part that makes invented case records: files to try the dashboard with, and many more to time it.

What is slow to import is imported inside the command, so that `--help` answers at once.
"""

from __future__ import annotations

import math
import sys
from datetime import datetime
from pathlib import Path

import click

MOST = 10  # counties' worth in one CSV set; more would not fit in memory


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, writable=True, path_type=Path))
@click.option(
    "--scale",
    type=click.FloatRange(0, 1000, min_open=True),
    default=1.0,
    show_default=True,
    help="1 is about 4,000 assessments a year for six years.",
)
@click.option("--seed", type=click.IntRange(0), default=2026, show_default=True, help="Another seed, another county.")
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    default="2026-09-30",
    show_default=True,
    help="The last day; the records begin six years before.",
)
@click.option("--parquet", is_flag=True, help="Parquet in parts, a folder a table, in place of files to load.")
def invent(folder: Path, scale: float, seed: int, until: datetime, parquet: bool) -> None:
    """Write the case records of an invented county to FOLDER. No person in them exists.

    The files to load: our own CSV set, clean and with the faults of real exports, and a dirty Annex A workbook, with a
    list of what is wrong in them.
    """
    from sample_data.invented import files

    if scale > MOST and not parquet:
        raise click.BadParameter(f"above {MOST} only with --parquet.", param_hint="--scale")
    try:
        if parquet:
            label = "Writing parts"
            with click.progressbar(
                length=math.ceil(scale), label=label, file=sys.stderr, hidden=not sys.stderr.isatty()
            ) as bar:
                written = files.write_parquet(
                    folder, seed=seed, scale=scale, until=until.date(), progress=lambda done: bar.update(done - bar.pos)
                )
        else:
            written = files.write(folder, seed=seed, scale=scale, until=until.date())
    except OSError as error:
        raise click.ClickException(f"{folder} cannot be written to: {error.strerror or error}.") from error
    for path in written:
        click.echo(path)
