"""The ``qa`` command: index, ask, sources, verify, check, eval, serve."""

from __future__ import annotations

import argparse
import io
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import (
    EmbeddingError,
    LibraryError,
    StoreDamagedError,
    UnknownDocumentError,
)
from index.generation import MANIFEST, TRUTH
from qa.errors import QAError, QuestionError, SavedAnswerError
from qa.settings import Settings, open_library

if TYPE_CHECKING:
    from index import Library
    from index.gather import Progress
    from index.types import BuildReport
    from qa.assistant import Assistant
    from qa.render import SavedStatement
    from qa.types import Answer, Citation, Mode, Turn

DONE, FAILED, WRONG_USE, NOT_SAID, INTERRUPTED, TERMINATED = 0, 1, 2, 3, 130, 143
STORE_HELP = "the index's folder (default: QA_STORE, else .qa in the current folder)"
# A list longer than this is counted, not printed; --json has all of it.
_LISTED = 20


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code.

    0 done, 1 it failed, 2 wrong use, 3 the documents do not say (only with
    ``--fail-on-refusal``), 130 interrupted, 143 told to end while watching.
    """
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a character shows another, rather than a traceback.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    arguments = _parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = arguments.run
    try:
        code = run(arguments)
        sys.stdout.flush()
    except (QuestionError, UnknownDocumentError, SavedAnswerError) as error:
        return _complain(error, WRONG_USE)
    except BrokenPipeError:
        # Whoever read the output has enough (``| head``); Python would complain once more
        # when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except (LibraryError, QAError) as error:
        return _complain(error, FAILED)
    except OSError as error:
        named = f"{error.filename}: {error.strerror}" if error.filename else error
        return _complain(named, FAILED)
    except KeyboardInterrupt:
        return _complain("Interrupted; the index is as it was", INTERRUPTED)
    return code


def _complain(what: object, code: int) -> int:
    from qa.render import one_line

    sys.stderr.write(f"qa: {one_line(str(what))}\n")
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="qa", description="Ask your own documents; every sentence is cited."
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_index(commands)
    _add_ask(commands)
    _add_sources(commands)
    verify = _command(commands, "verify", "check whether a saved answer's citations still hold")
    verify.add_argument("file", type=Path, metavar="FILE", help="an answer in JSON or Markdown")
    verify.add_argument("--json", action="store_true", help="print JSON")
    verify.set_defaults(run=_verify)
    check = _command(commands, "check", "check that the whole store is sound")
    check.set_defaults(run=_check)
    _add_eval(commands)
    serve = _command(commands, "serve", "open the chat page")
    serve.add_argument("--host", default="127.0.0.1", help="default: this machine only")
    serve.add_argument("--port", type=int, default=7860, help="default: 7860")
    serve.set_defaults(run=_serve)
    return parser


def _command(
    commands: Any,  # noqa: ANN401 - argparse gives its type no name
    name: str,
    help_: str,
    store_help: str = STORE_HELP,
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=help_, description=help_[0].upper() + help_[1:] + "."
    )
    parser.add_argument(
        "--store",
        type=Path,
        metavar="DIR",
        help=store_help,
    )
    return parser


def _add_index(commands: Any) -> None:  # noqa: ANN401 - argparse gives its type no name
    index = _command(
        commands, "index", "add files and folders to the index and bring it up to date"
    )
    index.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="a file or folder of txt, md, html, pdf, docx or jsonl; remembered from now on. "
        "Without one, all that are remembered are refreshed",
    )
    index.add_argument("--only", action="store_true", help="forget all other paths")
    index.add_argument("--rebuild", action="store_true", help="read and embed everything again")
    index.add_argument(
        "--watch",
        action="store_true",
        help="go on: bring the index up to date whenever something changes, until Ctrl-C",
    )
    index.add_argument(
        "--json", action="store_true", help="print JSON; with --watch one line a refresh"
    )
    index.set_defaults(run=_index)


def _add_ask(commands: Any) -> None:  # noqa: ANN401
    ask = _command(commands, "ask", "answer a question, with citations")
    ask.add_argument("question", nargs="?", metavar="QUESTION", help="in nl, de or en")
    ask.add_argument("--json", action="store_true", help="print the answer as JSON")
    ask.add_argument("--format", choices=("text", "markdown"), default="text", help="how to print")
    ask.add_argument("--source", action="append", metavar="ID", help="answer from it alone")
    ask.add_argument("--language", action="append", metavar="nl|de|en", help="of the sources")
    ask.add_argument(
        "--extractive", action="store_true", help="exact sentences, though a language model is set"
    )
    ask.add_argument(
        "--withheld",
        action="store_true",
        help="also print what no source holds of what the model wrote",
    )
    ask.add_argument("--no-refusal", action="store_true", help="answer however weak the evidence")
    ask.add_argument("--fail-on-refusal", action="store_true", help="exit with 3 on a refusal")
    ask.add_argument(
        "--batch", type=Path, metavar="FILE.jsonl", help='{"id", "question", …} a line'
    )
    ask.add_argument("--output", type=Path, metavar="FILE.jsonl", help="the batch's answers")
    ask.set_defaults(run=_ask)


def _add_sources(commands: Any) -> None:  # noqa: ANN401
    sources = _command(commands, "sources", "list, show and remove documents")
    sources.add_argument("--json", action="store_true", help="print JSON")
    sources.set_defaults(run=_list)
    actions = sources.add_subparsers(title="actions", metavar="[list | show | remove]")
    for name, help_, metavar, run in (
        ("list", "list all documents, as without a word", "", _list),
        ("show", "print the exact text of documents", "ID", _show),
        ("remove", "remove documents, or paths with all their documents", "ID-or-PATH", _remove),
    ):
        action = actions.add_parser(name, help=help_, description=f"{help_.capitalize()}.")
        if metavar:
            action.add_argument("names", nargs="+", metavar=metavar)
        # Given before the action or after it; what was given before stays.
        action.add_argument("--store", type=Path, default=argparse.SUPPRESS, help=STORE_HELP)
        action.add_argument(
            "--json", action="store_true", default=argparse.SUPPRESS, help="print JSON"
        )
        action.set_defaults(run=run)


def _add_eval(commands: Any) -> None:  # noqa: ANN401
    eval_ = _command(
        commands,
        "eval",
        "ask a set of questions and measure the answers",
        "keeps the corpus's index for the next run (default: a temporary folder, not QA_STORE)",
    )
    eval_.add_argument(
        "folder", type=Path, metavar="FOLDER", help="holds corpus.jsonl and questions.jsonl"
    )
    eval_.add_argument("--no-refusal", action="store_true", help="answer however weak the evidence")
    eval_.add_argument(
        "--all-documents", action="store_true", help="answer from all, whatever a question's scope"
    )
    eval_.add_argument("--sample", type=_positive, metavar="N", help="ask N of the questions only")
    eval_.add_argument("--json", action="store_true", help="print JSON")
    eval_.add_argument("--misses", type=Path, metavar="FILE.md", help="what went wrong, to read")
    eval_.add_argument("--predictions", type=Path, metavar="FILE.jsonl", help="every answer")
    eval_.set_defaults(run=_eval)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _library(arguments: argparse.Namespace) -> Library:
    return open_library(Settings.from_env(), arguments.store)


def _assistant(arguments: argparse.Namespace) -> Assistant:
    """The default store is built when it is missing; a store that was named must be there."""
    from qa.assistant import Assistant

    if arguments.store is not None:
        return Assistant.from_settings(Settings.from_env(), arguments.store)
    with _progress() as progress:
        return Assistant.open_default(progress=progress)


@contextmanager
def _progress() -> Iterator[Progress | None]:
    """A progress bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm

    with tqdm(file=sys.stderr, leave=False, unit="") as bar:

        def show(stage: str, done: int, total: int) -> None:
            if stage != bar.desc:  # whose rate and time left are its own
                bar.set_description_str(stage, refresh=False)
                bar.reset(total)
            bar.update(done - bar.n)

        yield show


def _print_json(data: object) -> None:
    print(json.dumps(data, ensure_ascii=False, indent=2))


# index


def _index(arguments: argparse.Namespace) -> int:
    library = _library(arguments)
    with _progress() as progress:
        report = library.build(
            arguments.paths,
            only=arguments.only,
            afresh=arguments.rebuild,
            progress=progress,
        )
    _show_report(report, arguments)
    if arguments.watch:
        return _watch(library, report, arguments)
    # A path that was named and could not be taken at all is a failure; a file inside a
    # folder that could not is reported, and the rest goes on.
    named = {str(Path(path).absolute()) for path in arguments.paths}
    return FAILED if any(refused.source in named for refused in report.refused) else DONE


def _watch(library: Library, report: BuildReport, arguments: argparse.Namespace) -> int:
    """Refresh after every change until Ctrl-C or, as a service is stopped, SIGTERM."""
    from index.watch import watch

    code = INTERRUPTED

    def terminate(*_: object) -> None:
        nonlocal code
        code = TERMINATED
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, terminate)
    sys.stderr.write("qa: Watching for changes; Ctrl-C ends it\n")
    try:
        with suppress(KeyboardInterrupt):
            for result in watch(library, report):
                if isinstance(result, LibraryError):
                    _complain(result, FAILED)
                else:
                    _show_report(result, arguments)
    finally:
        signal.signal(signal.SIGTERM, before)
    return _complain("Stopped watching", code)


def _show_report(report: BuildReport, arguments: argparse.Namespace) -> None:
    if arguments.json and arguments.watch:
        print(json.dumps(asdict(report), ensure_ascii=False))
    elif arguments.json:
        _print_json(asdict(report))
    else:
        _print_report(report)
    # While it watches, nobody would see it otherwise until the buffer is full.
    sys.stdout.flush()


def _print_report(report: BuildReport) -> None:
    from qa.render import one_line

    for what in ("added", "changed", "removed"):
        ids: tuple[str, ...] = getattr(report, what)
        for doc_id in ids[:_LISTED]:
            print(one_line(f"{what} {doc_id}"))
        if len(ids) > _LISTED:
            print(f"{what} {len(ids) - _LISTED} more")
    for part in report.mended:
        print(f"mended {part}, which was damaged")
    for refused in report.refused:
        print(one_line(f"refused {refused.source}: {refused.reason}"))
    n_documents = len(report.added) + len(report.changed) + len(report.unchanged)
    print(
        f"{n_documents} documents ({len(report.added)} added, {len(report.changed)} changed, "
        f"{len(report.removed)} removed, {len(report.unchanged)} unchanged), "
        f"{len(report.refused)} refused, {report.left_out} hidden or linked left out; "
        f"{report.n_chunks} chunks in {report.generation}"
    )


# ask


def _ask(arguments: argparse.Namespace) -> int:
    if (arguments.question is None) == (arguments.batch is None):
        return _complain("Ask one QUESTION, or name a --batch of them", WRONG_USE)
    if arguments.output is not None and arguments.batch is None:
        return _complain("--output is for the answers of a --batch", WRONG_USE)
    if arguments.batch is not None:
        return _ask_batch(arguments)
    from qa.question import clean

    clean(arguments.question)  # before an index is built for a question that is none
    answer = _assistant(arguments).ask(
        arguments.question,
        sources=arguments.source,
        languages=arguments.language,
        refuse=not arguments.no_refusal,
        mode=_mode(arguments),
    )
    _print_answer(answer, arguments)
    return NOT_SAID if answer.refused and arguments.fail_on_refusal else DONE


def _mode(arguments: argparse.Namespace) -> Mode | None:
    return "extractive" if arguments.extractive else None


def _print_answer(answer: Answer, arguments: argparse.Namespace) -> None:
    from qa.render import printable, to_markdown, to_text, withheld_text

    if arguments.json:
        _print_json(answer.to_dict())
    elif arguments.format == "markdown":
        print(printable(to_markdown(answer)), end="")
    else:
        print(to_text(answer))
    if arguments.withheld and answer.withheld and not arguments.json:
        print(f"\n{withheld_text(answer)}")


def _ask_batch(arguments: argparse.Namespace) -> int:
    """One answer a line; a line that cannot be answered gets its error, and the rest go on."""
    output = arguments.output
    if output is not None and output.exists() and output.samefile(arguments.batch):
        return _complain(f"--output {output} is the batch itself; name another file", WRONG_USE)
    # Not splitlines(): U+2028 ends no line of JSON.
    lines = list(enumerate(_read_text(arguments.batch).split("\n"), start=1))
    asked = [(number, line) for number, line in lines if line.strip()]
    assistant = _assistant(arguments)
    stream = output.open("w", encoding="utf-8") if output else sys.stdout
    failed = 0
    try:
        for number, line in asked:
            answered = _answer_line(assistant, line, number, arguments)
            failed += "error" in answered
            line_out = json.dumps(answered, ensure_ascii=False)
            # Half a surrogate pair, which JSON allows and UTF-8 does not, stays escaped.
            stream.write(line_out.encode("utf-8", "backslashreplace").decode("utf-8") + "\n")
    finally:
        if output:
            stream.close()
    if failed:
        return _complain(f"{failed} of {len(asked)} questions could not be answered", FAILED)
    return DONE


def _answer_line(
    assistant: Assistant, line: str, number: int, arguments: argparse.Namespace
) -> dict[str, Any]:
    asked: Any = None
    try:
        asked = json.loads(line)
        _check_batch_line(asked)
        answer = _answer_asked(assistant, asked, arguments)
    except (QAError, EmbeddingError, UnknownDocumentError, ValueError, RecursionError) as error:
        id_ = asked.get("id") if isinstance(asked, dict) else None
        return {"id": id_, "error": f"line {number}: {error}"}
    return {"id": asked.get("id"), **answer.to_dict()}


def _answer_asked(
    assistant: Assistant, asked: dict[str, Any], arguments: argparse.Namespace
) -> Answer:
    history = [_turn(turn) for turn in asked.get("history") or ()]
    if asked.get("scope") == []:  # a set of questions may hold one that nothing may answer
        return assistant.decline(asked["question"], history=history)
    return assistant.ask(
        asked["question"],
        history=history,
        sources=arguments.source if asked.get("scope") is None else asked["scope"],
        languages=arguments.language,
        refuse=not arguments.no_refusal,
        mode=_mode(arguments),
    )


def _check_batch_line(asked: object) -> None:
    if not isinstance(asked, dict) or not isinstance(asked.get("question"), str):
        raise QuestionError('It is not an object with a "question"')
    scope = asked.get("scope")
    if scope is not None and not (
        isinstance(scope, list) and all(isinstance(id_, str) for id_ in scope)
    ):
        raise QuestionError('Its "scope" is not a list of document ids')
    turns = asked.get("history") or []
    if not isinstance(turns, list) or not all(
        isinstance(turn, dict) and isinstance(turn.get("text"), str) and turn.get("role")
        for turn in turns
    ):
        raise QuestionError('Its "history" is not a list of {"role", "text"}')


def _read_text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise QuestionError(f"{path} is not text in UTF-8 ({error.reason})") from error


def _turn(turn: dict[str, str]) -> Turn:
    from qa.types import Turn

    return Turn("user" if turn["role"] == "user" else "assistant", turn["text"])


# sources


def _list(arguments: argparse.Namespace) -> int:
    from qa.render import one_line

    with _library(arguments).snapshot() as snapshot:
        entries, roots = snapshot.documents(), snapshot.manifest.roots
    if arguments.json:
        _print_json({"roots": roots, "documents": [asdict(entry) for entry in entries]})
        return DONE
    for entry in entries:
        title, language = one_line(entry.title), entry.language or "?"
        print(f"{one_line(entry.id)}  {language:2}  {entry.date or '-':10}  {title}")
    print(one_line(f"{len(entries)} documents from {', '.join(roots)}"))
    return DONE


def _show(arguments: argparse.Namespace) -> int:
    """Exact texts to a file or a pipe; to a terminal without what could steer it."""
    from qa.render import printable

    library = _library(arguments)
    documents = [library.document(name) for name in arguments.names]
    if arguments.json:
        described = [{**asdict(document), "sha256": document.sha256} for document in documents]
        _print_json(described if len(described) > 1 else described[0])
        return DONE
    for document in documents:
        shown = printable(document.text) if sys.stdout.isatty() else document.text
        sys.stdout.write(shown if shown.endswith("\n") else f"{shown}\n")
    return DONE


def _remove(arguments: argparse.Namespace) -> int:
    report = _library(arguments).remove(arguments.names)
    _print_json(asdict(report)) if arguments.json else _print_report(report)
    return DONE


# eval


def _eval(arguments: argparse.Namespace) -> int:
    from qa.evaluate import CORPUS, QUESTIONS, evaluate, misses, table

    inputs = {arguments.folder.resolve() / name for name in (CORPUS, QUESTIONS)}
    for path in filter(None, (arguments.misses, arguments.predictions)):
        # Said before the questions are asked, which may take minutes.
        if path.is_dir() or not path.parent.is_dir() or path.resolve() in inputs:
            return _complain(f"{path} cannot be written; name another file", WRONG_USE)
    with _progress() as progress:
        report = evaluate(
            arguments.folder,
            store=arguments.store,
            refuse=not arguments.no_refusal,
            all_documents=arguments.all_documents,
            sample=arguments.sample,
            progress=progress,
        )
    if arguments.misses:
        _write_text(arguments.misses, misses(report))
    if arguments.predictions:
        answers = [j.prediction.to_dict() for j in report.judged if j.prediction]
        lines = [json.dumps(answer, ensure_ascii=False) + "\n" for answer in answers]
        _write_text(arguments.predictions, "".join(lines))
    _print_json(report.to_dict()) if arguments.json else print(table(report))
    return DONE


def _write_text(path: Path, text: str) -> None:
    # Half a surrogate pair, which JSON allows and UTF-8 does not, is escaped.
    path.write_text(text, "utf-8", errors="backslashreplace")


# verify, check, serve


def _verify(arguments: argparse.Namespace) -> int:
    from qa.ground import state
    from qa.render import citations_of, one_line, statements_of, unfaithful

    saved = _read_text(arguments.file)
    citations = citations_of(saved)
    edited = unfaithful(saved, citations)
    with _library(arguments).snapshot() as snapshot:
        states = [
            (c, "edited" if c.number in edited else state(c, snapshot.document)) for c in citations
        ]
    said = [(one, _statement_state(one, citations)) for one in statements_of(saved)]
    if arguments.json:
        _print_json([_verified(citation, found, said) for citation, found in states])
    else:
        for citation, holds in states:
            where = f"{citation.doc_id} {citation.start}-{citation.end}"
            print(one_line(f"[{citation.number}] {holds}: {where}"))
        for one, found in said:
            marks = "".join(f"[{n}]" for n in one.citations)
            print(one_line(f"{marks} {found}: {one.text}"))
    sound = all(found == "holds" for _, found in states)
    return DONE if sound and all(found == "supported" for _, found in said) else FAILED


def _statement_state(said: SavedStatement, citations: Sequence[Citation]) -> str:
    """Whether the quotes of a saved statement in other words still hold it."""
    from qa.ground import supported

    if not said.is_shown:
        return "edited"
    by_number = {citation.number: citation for citation in citations}
    cited = [by_number[n] for n in said.citations if n in by_number]
    found = supported(said.text, cited if len(cited) == len(said.citations) else ())
    return "unsupported" if found.state == "unsupported" else "supported"


def _verified(
    citation: Citation, state: str, said: Sequence[tuple[SavedStatement, str]]
) -> dict[str, object]:
    """A citation as JSON, with the statements in other words that rest on it."""
    statements = [
        {"text": one.text, "state": found}
        for one, found in said
        if citation.number in one.citations
    ]
    return {
        **asdict(citation),
        "state": state,
        **({"statements": statements} if statements else {}),
    }


def _check(arguments: argparse.Namespace) -> int:
    from qa.assistant import Assistant

    assistant = Assistant.from_settings(Settings.from_env(), arguments.store)
    library = assistant.library
    faults = library.check()
    if not faults:
        library.check_embedding()
        print(f"{library.store} is sound")
        problem = assistant.model and assistant.model.problem()
        return _complain(problem, FAILED) if problem else DONE
    for what in faults.values():
        _complain(what, FAILED)
    if MANIFEST not in faults:  # whose sentence says what to do
        mend = "qa index --rebuild" if TRUTH in faults else "qa index"
        _complain(f"{library.store} is damaged; mend it with: {mend}", FAILED)
    return FAILED


def _serve(arguments: argparse.Namespace) -> int:
    assistant = _assistant(arguments)
    with suppress(StoreDamagedError):  # of which the page speaks
        assistant.library.check_embedding()
    # Not before: it shuts the model hub, where an embedding may come from, for Gradio's sake.
    import ui

    return ui.serve(assistant, host=arguments.host, port=arguments.port)


if __name__ == "__main__":
    sys.exit(main())
