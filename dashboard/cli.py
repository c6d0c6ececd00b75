"""The command line, `early-help`: open the dashboard, put files in, take them out again.

The commands that look after the database are in `cli_database.py`.
What is slow to import is imported inside the commands, so that `--help` answers at once.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dashboard.cli_database import COMMANDS, FILE, count, user_name
from dashboard.cli_invent import invent

if TYPE_CHECKING:
    import polars as pl

    from dashboard.intake import Batch
    from dashboard.store import Store

# As in dashboard.intake; written again to keep --help quick.
KINDS = (
    "own",
    "lait",
    "ees",
    "fingertips",
    "cover",
    "forum_areas",
    "services",
    "boundaries",
    "annex_a",
    "ssds",
    "cases",
    "star",
    "instrument",
)
FAILED, SOME_REFUSED, STOPPED = 1, 3, 130
SHOWN = 10  # reasons on the screen; all of them go into the file of --refused


class Commands(click.Group):
    """Says what went wrong in one sentence, whichever command it was."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("\nStopped. Nothing is left half done.", err=True)
            ctx.exit(STOPPED)
        except Exception as error:
            from dashboard.identity import SignInError
            from dashboard.intake import IntakeError
            from dashboard.store import StoreError

            if isinstance(error, (IntakeError, StoreError, SignInError)):
                raise click.ClickException(str(error)) from error
            raise


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="early-help-dashboard")
def main() -> None:
    """Early Help dashboard: is early help working?

    The figures are kept in a file in your own data folder, or in the database that EARLY_HELP_DATABASE_URL names, such
    as postgresql://name@server/early_help.

    \b
    Exit codes: 0  done
                1  nothing could be done: wrong file, no database, port taken; or the record is not sound
                2  the command was not understood
                3  loaded (or checked), but some rows were refused
              130  stopped with Ctrl-C
    """


for command in (*COMMANDS, invent):
    main.add_command(command)


def address_options(command: Callable) -> Callable:
    command = click.option("--port", type=click.IntRange(0, 65535), default=8501, show_default=True)(command)
    return click.option(
        "--host", default="127.0.0.1", show_default=True, help="0.0.0.0 lets other machines in the network see it."
    )(command)


def kind_option(command: Callable) -> Callable:
    return click.option(
        "--as", "kind", type=click.Choice(KINDS), help="Kind of file; told from its header if left out."
    )(command)


def refused_option(command: Callable) -> Callable:
    return click.option(
        "--refused",
        "refused_file",
        type=click.Path(dir_okay=False, writable=True, path_type=Path),
        help="Write every row that was refused, put right or merged, with its reason, to this CSV file.",
    )(command)


@main.command()
@address_options
@click.option(
    "--records",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0, 10),
    help="How large the invented county is: 1 has about 4,000 assessments a year, 0 leaves case records out.",
)
def demo(host: str, port: int, records: float) -> None:
    """Open the dashboard on sample data, kept apart from your own."""
    from dashboard.demo import prepare_demo

    def tell(done: int, total: int, name: str) -> None:
        if done < total:
            click.echo(f"Loading the sample data, file {done + 1} of {total}: {name}", err=True)

    serve_on(host, port, prepare_demo(records=records, progress=tell), demo=True, local=True)


@main.command()
@address_options
@click.option(
    "--local-sign-in",
    is_flag=True,
    help="Ready users of every role in place of accounts: only on this machine, only for published figures.",
)
def serve(host: str, port: int, local_sign_in: bool) -> None:
    """Open the dashboard on your own data.

    People sign in as the settings say that EARLY_HELP_SIGN_IN names (docs/deployment.md).
    """
    from dashboard.store import open_store

    with open_store() as store:  # a database that cannot be opened is said before the server starts
        url = store.engine.url.render_as_string(hide_password=False)
    serve_on(host, port, url, demo=False, local=local_sign_in)


def serve_on(host: str, port: int, url: str, *, demo: bool, local: bool) -> None:
    from dashboard.entry.server import run

    try:
        run(host=host, port=port, database_url=url, demo=demo, local=local)
    except KeyboardInterrupt:  # the ordinary way to stop it
        click.echo("Stopped.", err=True)
    except OSError as error:
        reasons = {
            errno.EADDRINUSE: "is taken, perhaps by a dashboard that is open already; choose another with --port",
            errno.EACCES: "may only be used by the administrator; choose one above 1023 with --port",
        }
        reason = reasons.get(error.errno, f"cannot be used: {error.strerror}")
        raise click.ClickException(f"Port {port} on {host} {reason}.") from error


@main.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILE)
@kind_option
@click.option("--dry-run", is_flag=True, help="Say what would happen and change nothing.")
@refused_option
@click.pass_context
def load(
    ctx: click.Context, files: tuple[Path, ...], kind: str | None, dry_run: bool, refused_file: Path | None
) -> None:
    """Put files into the database.

    Each file goes in whole or not at all, except for rows that are refused: those are counted, with the reasons, and
    the rest goes in. A file that is in the database already is left as it is, and one that holds what could name a
    person is not taken in.
    """
    from dashboard.store import open_store

    with open_store() as store:
        use = lambda batch: put(store, batch, dry_run=dry_run)  # noqa: E731
        ctx.exit(each(files, kind, refused_file, use, known=lambda: loaded_before(store)))


@main.command()
@click.argument("file", type=FILE)
@kind_option
@refused_option
@click.pass_context
def check(ctx: click.Context, file: Path, kind: str | None, refused_file: Path | None) -> None:
    """Read a file and say what would be refused. No database is needed."""
    ctx.exit(each((file,), kind, refused_file, lambda batch: None))


@main.command()
def loads() -> None:
    """List what was loaded, newest first."""
    from dashboard.store import open_store

    with open_store() as store:
        frame = store.loads()
    if frame.is_empty():
        click.echo("Nothing was loaded yet. Put a file in with: early-help load FILE")
        return
    lines = [("Load", "Date (UTC)", "Figures", "Refused", "Kind", "By", "File")]
    for row in frame.iter_rows(named=True):
        undone = f" (undone {row['undone_at']:%Y-%m-%d %H:%M})" if row["undone_at"] else ""
        counts = (f"{row['figures']:,}", f"{row['refused']:,}")
        when = f"{row['loaded_at']:%Y-%m-%d %H:%M}"
        lines.append((str(row["load_id"]), when, *counts, row["kind"], row["loaded_by"], row["file_name"] + undone))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        to_the_right = (line[0].rjust(widths[0]), line[2].rjust(widths[2]), line[3].rjust(widths[3]))
        cells = (to_the_right[0], line[1].ljust(widths[1]), *to_the_right[1:], line[4].ljust(widths[4]))
        click.echo("  ".join((*cells, line[5].ljust(widths[5]), line[6])))


@main.command()
@click.argument("load_id", metavar="LOAD", type=click.IntRange(1, 2**31 - 1))
def undo(load_id: int) -> None:
    """Take a load out again; what stood before it stands again. LOAD is its number in `early-help loads`."""
    from dashboard.intake import THINGS
    from dashboard.store import open_store

    with open_store() as store:
        store.undo(load_id, undone_by=user_name())
        [row] = [row for row in store.loads().iter_rows(named=True) if row["load_id"] == load_id]
    thing = THINGS.get(row["kind"], "figure")
    click.echo(f"Load {load_id} ({row['file_name']}, {count(row['figures'], thing)}) is undone.")


def loaded_before(store: Store) -> dict[str, dict[str, str] | None]:
    """What a file may name because it was loaded before, code → name: forum areas (None: those that ship), agencies."""
    areas = store.places("forum_areas")
    return {
        "forum_areas": None if areas is None else dict(areas.select("forum_area", "name").iter_rows()),
        "agencies": dict(store.read_cases("agency", columns=["agency_id", "name"]).iter_rows()),
    }


def each(
    files: tuple[Path, ...],
    kind: str | None,
    refused_file: Path | None,
    use: Callable[[Batch], str | None],
    *,
    known: Callable[[], dict[str, dict[str, str] | None]] = dict,
) -> int:
    """Read the files one after the other and `use` each; gives the exit code. A bad file does not hold up the next.

    `known`: what files may name, as `loaded_before`, asked before each file.
    """
    import polars as pl

    from dashboard.intake import IntakeError, safe_name
    from dashboard.store import AlreadyLoaded, StoreError

    codes, refusals = [], []
    for path in files:
        click.echo(safe_name(path.name))
        try:
            batch = read(path, kind, known())
            refusals.append((batch.file_name, pl.concat([batch.refused, batch.repaired])))
            describe(batch)
            if not batch.size:
                raise IntakeError("Not one row of this file could be used.")
            if said := use(batch):
                click.echo(f"  {said}")
            codes.append(0 if batch.refused.is_empty() else SOME_REFUSED)
        except AlreadyLoaded as known:
            click.echo(f"  Nothing to do. {known}")
            codes.append(0)
        except (IntakeError, StoreError) as error:
            click.echo(f"  {error}", err=True)
            codes.append(FAILED)
    write_refused(refused_file, refusals)
    return FAILED if FAILED in codes else max(codes)


def read(path: Path, kind: str | None, known: dict[str, dict[str, str] | None]) -> Batch:
    """Read a file, with a bar on the screen (not in a log) while that takes time."""
    from dashboard import intake

    with click.progressbar(length=100, label="  Reading", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        tell = lambda done, _words: bar.update(round(100 * done) - bar.pos)  # noqa: E731
        return intake.read(path, file_name=path.name, kind=kind, **known, progress=tell)


def describe(batch: Batch) -> None:
    """What was found in a file, and what was refused for which reasons."""
    from dashboard.intake import KINDS as NAMES

    click.echo(f"  Read as {NAMES[batch.kind]}: {count(batch.rows, 'row')}, {things(batch)}.")
    for remark in batch.remarks:
        click.echo(f"  {remark}")
    say(batch.refused, f"{count(batch.rows_refused, 'row')} refused")
    say(batch.repaired, f"{count(batch.repaired.height, 'fault')} put right, merged or kept as found")


def say(listed: pl.DataFrame, heading: str) -> None:
    """The reasons in a list of rows, each with its first row."""
    if listed.is_empty():
        return
    click.echo(f"  {heading}:")
    reasons: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for line, column, value, reason in listed.iter_rows():
        reasons.setdefault((column, reason), []).append((line, value))
    for (column, reason), rows in list(reasons.items())[:SHOWN]:
        line, value = rows[0]
        more = f" (and {len(rows) - 1:,} more for this reason)" if len(rows) > 1 else ""
        click.echo(f"    line {line}, {column} “{value}”: {reason}{more}")
    if len(reasons) > SHOWN:
        click.echo(f"    and {len(reasons) - SHOWN:,} more reasons; --refused FILE writes all of them.")


def put(store: Store, batch: Batch, *, dry_run: bool) -> str:
    """Load what was read, or say what loading it would do. Raises `AlreadyLoaded`."""
    from dashboard.store import AlreadyLoaded

    if batch.instrument:
        if not dry_run:
            store.questionnaires.add_instrument(batch.instrument, by=user_name())
        return f"{'Would load' if dry_run else 'Loaded'} an instrument of {things(batch)}."
    if known := store.find_load(batch.sha256):
        raise AlreadyLoaded(known)
    if batch.cases is not None:
        return put_cases(store, batch, dry_run=dry_run)
    if dry_run and batch.places is not None:
        return f"Would load {things(batch)}, in place of any loaded before. Nothing was changed."
    if dry_run:
        would = store.compare(batch.figures)
        return (
            f"Would load {count(batch.figures.height, 'figure')}: {would.new:,} new, {would.restated:,} restating "
            f"earlier ones, {would.unchanged:,} as before. Nothing was changed."
        )
    if sys.stderr.isatty():
        click.echo("  Writing …", err=True)
    load_id = (store.load if batch.places is None else store.load_places)(
        batch.figures if batch.places is None else batch.places,
        batch.refused,
        kind=batch.places_kind or batch.kind,
        file_name=batch.file_name,
        sha256=batch.sha256,
        publisher=batch.publisher,
        release=batch.release,
        licence=batch.licence,
        standing="published" if batch.publisher else "local",
        loaded_by=user_name(),
    )
    return f"Loaded {things(batch)} as load {load_id}."


def put_cases(store: Store, batch: Batch, *, dry_run: bool) -> str:
    """`put`, for case records. Raises `IntakeError` where another kind of file has brought what they count."""
    from dashboard.intake import IntakeError, clash

    if why := clash(batch.kind, batch.cases, store.loads(), store.case_loads):
        raise IntakeError(why)
    held = ", ".join(f"{frame.height:,} in {name}" for name, frame in batch.cases.items())
    if dry_run:
        return f"Would load {things(batch)}: {held}. Nothing was changed."
    if sys.stderr.isatty():
        click.echo("  Writing …", err=True)
    load_id = store.load_cases(
        batch.cases,
        batch.listed,
        kind=batch.kind,
        file_name=batch.file_name,
        sha256=batch.sha256,
        standing="local",
        loaded_by=user_name(),
    )
    return f"Loaded {things(batch)} as load {load_id}: {held}."


def write_refused(path: Path | None, refusals: list[tuple[str, pl.DataFrame]]) -> None:
    """All refused rows as one CSV that a spreadsheet opens without running anything in it."""
    if path is None:
        return
    import polars as pl

    from dashboard.store import REFUSED

    parts = [pl.DataFrame(schema={"file": pl.String, **REFUSED})]
    parts += [frame.select(pl.lit(name).alias("file"), *REFUSED) for name, frame in refusals]
    text = pl.col(pl.String)
    risky = text.str.contains(r"^[=+\-@\t\r]")
    frame = pl.concat(parts).with_columns(pl.when(risky).then("'" + text).otherwise(text).name.keep())
    try:
        frame.write_csv(path, include_bom=True)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror or error}.") from error
    click.echo(f"{path}: {count(frame.height, 'reason')} for refusing or repairing a row.")


def things(batch: Batch) -> str:
    """How many figures, small areas, services or outlines a file brings."""
    from dashboard.intake import THINGS

    return count(batch.size, THINGS.get(batch.kind, "figure"))
