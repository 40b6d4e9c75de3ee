"""``chats import``: one's own chats, from any messenger, in the form that training reads."""

import argparse
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from daemon.commands.console import Subcommands, check_writable, err, out
from daemon.errors import InputError
from daemon.i18n import tr

MAX_NAMED = 10  # persons in a line of the table

if TYPE_CHECKING:
    from daemon.config import Settings
    from daemon.training.chats import ChatMember, Exchange, ImportCounts


def register(commands: Subcommands) -> None:
    """Add the command."""
    chats = commands.add_parser("chats", help=tr("import chats to learn from"))
    leaves = chats.add_subparsers(dest="what", required=True, metavar="import")
    parser = leaves.add_parser(
        "import",
        help=tr("read exports of messengers"),
        description=tr(
            "Reads exports of QQ, WeChat, Telegram and WhatsApp, or JSON, and writes "
            "questions and answers to learn from. Nothing leaves this computer. Telephone numbers, "
            "mail addresses, accounts and other long numbers are masked."
        ),
        epilog='digital-life chats import friends.txt --answers "Lin" --out chats.jsonl',
    )
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help=tr("an export"))
    parser.add_argument(
        "--answers",
        action="append",
        default=[],
        metavar="NAME",
        help=tr(
            "who answers: a name, or the account number, of the person to learn from; may be given "
            "several times"
        ),
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE.jsonl", help=tr("where to write them")
    )
    parser.add_argument(
        "--keep-personal-data", action="store_true", help=tr("mask nothing; think twice")
    )
    for column in ("prompt", "response", "history"):
        parser.add_argument(
            f"--{column}-column",
            default=column,
            metavar="NAME",
            help=tr("its name in JSON; default {name}").format(name=column),
        )
    parser.set_defaults(run=import_chats)


def import_chats(arguments: argparse.Namespace, _settings: "Settings") -> int:
    """Run the command."""
    from daemon.training.chat_files import read_export
    from daemon.training.chats import ImportCounts, choose_names, exchanges, people
    from daemon.training.formats.json_lines import Columns, write_json_lines
    from daemon.training.masking import mask_exchange, mask_said, speakable

    check_writable(arguments.out)
    columns = Columns(arguments.prompt_column, arguments.response_column, arguments.history_column)
    with err.status(tr("Reading…")):
        exports = [read_export(path, columns) for path in arguments.files]
        said = [message for export in exports for message in export.said]
        ready = [exchange for export in exports for exchange in export.exchanges]
        found = people(said)
        chosen = choose_names(found, arguments.answers) if said or not ready else []
        counted = ImportCounts(messages=2 * len(ready))
        counted.conversations = sum(not exchange.history for exchange in ready)
        if not arguments.keep_personal_data:
            said = [mask_said(message, counted.masked) for message in said]
            ready = [mask_exchange(exchange, counted.masked) for exchange in ready]
        found_pairs = [*ready, *exchanges(said, chosen, counted)]
        pairs = [pair for one in found_pairs if (pair := speakable(one)) is not None]
    if not pairs:
        raise InputError(
            tr("There is not one answer in it."),
            tr("A chat is needed in which the person answers somebody else."),
        )
    write_json_lines(arguments.out, pairs)
    formats = Counter(export.format for export in exports)
    _show(arguments.out, formats, found, chosen, counted, pairs, len(found_pairs) - len(pairs))
    return 0


def _show(
    path: Path,
    formats: Counter[str],
    found: "list[ChatMember]",
    chosen: "list[ChatMember]",
    counted: "ImportCounts",
    pairs: "list[Exchange]",
    masked_answers: int,
) -> None:
    table = Table(show_header=False)
    table.add_row(tr("read"), ", ".join(f"{count} × {name}" for name, count in formats.items()))
    table.add_row(tr("messages"), str(counted.messages))
    table.add_row(tr("left out: pictures, calls, links"), str(counted.media))
    table.add_row(tr("left out: notices of the messenger"), str(counted.system))
    table.add_row(tr("left out: turns without an answer"), str(counted.unanswered))
    table.add_row(tr("left out: answers with masked words"), str(masked_answers))
    if found:
        answering = set(chosen)
        table.add_row(tr("answers"), _named(chosen))
        table.add_row(tr("ask"), _named([one for one in found if one not in answering]))
    masked = ", ".join(f"{name} {count}" for name, count in counted.masked.items())
    table.add_row(tr("masked"), masked or "–")
    table.add_row(tr("conversations"), str(counted.conversations))
    table.add_row(tr("questions with answers"), str(len(pairs)))
    lengths = sorted(len(exchange.response) for exchange in pairs)
    table.add_row(
        tr("length of an answer in characters: median, longest"),
        f"{lengths[len(lengths) // 2]}, {lengths[-1]}",
    )
    out.print(table)
    out.print(f"→ {path}", markup=False)


def _named(persons: "list[ChatMember]") -> str:
    listed = ", ".join(f"{person.name} ({person.messages})" for person in persons[:MAX_NAMED])
    return listed + (" …" if len(persons) > MAX_NAMED else "") or "–"
