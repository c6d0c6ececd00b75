"""The command line's part for whoever looks after the database: record, terms, backup, roles.

What is slow to import is imported inside the commands, so that `--help` answers at once.
"""

from __future__ import annotations

import re
from pathlib import Path

import click

FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


@click.command("verify-log")
@click.option("--known", "known", metavar="NUMBER:HASH", multiple=True, help="An entry noted earlier, to compare.")
def verify_log(known: tuple[str, ...]) -> None:
    """Check that nobody changed the record of who did what.

    Prints the last entry's number and hash: kept where the database's administrator cannot reach, they show later,
    given as --known, that the record was not written anew as a whole.
    """
    from dashboard.store import open_store

    if not all(re.fullmatch(r"[1-9]\d{0,9}:[0-9a-f]{64}", text) for text in known):
        raise click.BadParameter("give it as verify-log printed it.", param_hint="--known")
    with open_store() as store:
        faults = store.verify_record({int(text[:-65]): text[-64:] for text in known})
        last = store.records(limit=1)
    if faults:
        raise click.ClickException("\n".join(["The record is not sound.", *faults]))
    click.echo("The record is sound. Its last entry:" if last.height else "The record is sound, and empty.")
    for number, seal in last.select("record_id", "hash").iter_rows():
        click.echo(f"{number}:{seal}")


@click.command()
@click.option("--dry-run", is_flag=True, help="Say what would go and change nothing.")
@click.option("--terms", type=FILE, help="A file of terms in place of the dashboard's own (store/retention.toml).")
def purge(dry_run: bool, terms: Path | None) -> None:
    """Take out what is past the term of its table. Figures stay, and so does every text that stands today."""
    from datetime import UTC, datetime

    from dashboard.store import open_store, retention

    with open_store() as store:
        today = datetime.now(UTC).date()
        frame = store.purge(retention(terms), as_at=today, dry_run=dry_run, by=user_name())
    for table, rows, before in frame.iter_rows():
        click.echo(f"{table}: {count(rows, 'row')} from before {before} {'would go' if dry_run else 'went'}.")
    if dry_run:
        click.echo("Nothing was changed.")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write the whole database to a new FILE. People may go on working. Keep it as well guarded as the database."""
    from dashboard.store.backup import backup as write

    write(None, file, by=user_name())
    click.echo(f"{file}: {file.stat().st_size:,} bytes.")


@click.command()
@click.argument("file", type=FILE)
@click.option("--replace", is_flag=True, help="Even if the database holds loads, notes, scenarios or roles.")
def restore(file: Path, replace: bool) -> None:
    """Put the backup in FILE in place of what the database holds, all or nothing."""
    from dashboard.store.backup import restore as put_back

    frame = put_back(file, None, replace=replace, by=user_name())
    click.echo(f"Restored: {', '.join(f'{table} {rows:,}' for table, rows in frame.iter_rows() if rows)}.")
    click.echo("Check its record with: early-help verify-log")


@click.command()
@click.argument("identity")
@click.argument("role")
@click.option("--agency", default="", help="The agency whose records an agency lead sees.")
@click.option("--forum-area", default="", help="The forum area that a coordinator sees, by its code.")
def role(identity: str, role: str, agency: str, forum_area: str) -> None:
    """Give IDENTITY, as it signs in, a ROLE in place of any that it had.

    ROLE is one of: subgroup member, commissioner, QA manager, auditor, agency lead (with --agency), coordinator (with
    --forum-area), data officer, administrator, respondent, scrutiny; or none, which takes the role away. Write a role
    of two words in quotation marks.
    """
    from dashboard.store import open_store

    with open_store() as store:
        store.set_role(identity, role, agency=agency, forum_area=forum_area, by=user_name())
    click.echo(f"{identity}: {role}")


@click.command()
def roles() -> None:
    """List who has which role."""
    from dashboard.store import open_store

    with open_store() as store:
        frame = store.roles()
    if frame.is_empty():
        click.echo("Nobody has a role yet. Give one with: early-help role IDENTITY ROLE")
    for identity, role, agency, forum_area, set_by, set_at in frame.iter_rows():
        scope = f", agency {agency}" * bool(agency) + f", forum area {forum_area}" * bool(forum_area)
        click.echo(f"{identity}: {role}{scope}; set by {set_by} on {set_at:%Y-%m-%d}")


COMMANDS = (verify_log, purge, backup, restore, role, roles)


def count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def user_name() -> str:
    """Who is at the keyboard, as the system knows them."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # an account without a name, as in some containers
        return "command line"
