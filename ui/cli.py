"""The command line. Heavy libraries load only in the command that needs them."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from indexer.errors import ShisakuError
from ui import corpus_commands

_Command = TypeVar("_Command", bound=Callable[..., Any])

_INDEX = click.option(
    "--index",
    "index",
    type=click.Path(path_type=Path),
    default=None,
    envvar="SHISAKU_INDEX",
    help="索引のフォルダ（既定は index/）",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Python API と同じ名前の JSON で出力する")


def _filters(command: _Command) -> _Command:
    """The conditions that ``search`` and ``ask`` share."""
    for option in (
        click.option("--year", "fiscal_year", type=int, help="年度（西暦。令和4年度は 2022）"),
        click.option("--organization", help="組織の名前か略称"),
        click.option("--document", "document_id", help="文書ID"),
        click.option("--number", "plan_number", help="計画番号"),
    ):
        command = option(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="shisaku")
def cli() -> None:
    """行政の施策を、出典つきで答える検索アシスタント。"""


def main() -> None:
    """Run the command line: one clear line on stderr and exit code 2 for a user's mistake."""
    # Bytes that are no text arrive as replacement characters, and what a terminal cannot show leaves as "?".
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        click.echo(f"エラー: {error.format_message()}", err=True)
        sys.exit(2)
    except ShisakuError as error:
        click.echo(f"エラー: {error}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        click.echo(f"エラー: {error.filename or '入出力'}: {error.strerror}", err=True)
        sys.exit(2)


@cli.command("index")
@click.argument("paths", nargs=-1, type=click.Path(exists=True, file_okay=False, path_type=Path))
@_INDEX
@_JSON
def index_command(paths: tuple[Path, ...], index: Path | None, as_json: bool) -> None:
    """索引を作る。PATH は manifest.toml のあるフォルダ（既定は corpus/ と、追加した文書）。"""
    from indexer.build import build_index, default_index_path
    from indexer.corpus import load_corpora

    root = index or default_index_path()
    loaded = load_corpora(paths)
    for problem in loaded.problems:
        click.echo(f"索引に入れませんでした: {problem}", err=True)
    generation = build_index(root, loaded, progress=lambda line: click.echo(line, err=True))
    facts = generation.manifest["facts"] | {"generation": generation.name, "index": str(root)}
    if as_json:
        _echo_json(facts)
    else:
        click.echo(f"索引を作りました: {facts['measures']} 施策、{facts['chunks']} 件（{generation.name}）")


@cli.command()
@click.argument("question")
@click.option("-k", default=10, show_default=True, help="件数")
@_filters
@_INDEX
@_JSON
def search(question: str, k: int, index: Path | None, as_json: bool, **filters: Any) -> None:
    """質問に近い施策を探す。"""
    hits = _assistant(index).search(question, k, **filters)
    if as_json:
        _echo_json([hit.to_dict() for hit in hits])
        return
    if not hits:
        click.echo("条件に合う施策はありません。")
    for rank, hit in enumerate(hits, 1):
        number = f" 計画番号{hit.plan_number}" if hit.plan_number else ""
        click.echo(f"{rank}. [{hit.score:.3f}] {hit.organization or '—'} {hit.fiscal_year}年度{number}")
        click.echo(f"   {hit.heading}")
        click.echo("   " + hit.text.replace("\n", " ")[:200])


@cli.command()
@click.argument("question")
@_filters
@_INDEX
@_JSON
def ask(question: str, index: Path | None, as_json: bool, **filters: Any) -> None:
    """質問に、出典つきで答える。"""
    answer = _assistant(index).ask(question, **filters)
    if as_json:
        _echo_json(answer.to_dict())
    else:
        _echo_answer(answer)


@cli.command()
@_INDEX
def chat(index: Path | None) -> None:
    """会話で質問する（空行か Ctrl-D で終わる）。"""
    assistant = _assistant(index)
    history: list[dict[str, str]] = []
    while True:
        try:
            question = click.prompt("質問", prompt_suffix="> ", default="", show_default=False).strip()
        except click.Abort:
            break
        if not question:
            break
        try:
            answer = assistant.ask(question, history=history)
        except ShisakuError as error:
            click.echo(f"エラー: {error}", err=True)
            continue
        _echo_answer(answer)
        history += [
            {"role": "user", "content": question},
            {"role": "assistant", "content": answer.text},
        ]


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=7860, show_default=True, type=click.IntRange(0, 65535))
@click.option("--open-to-network", is_flag=True, help="パスワードなしで、この計算機の外からの接続も受ける")
@_INDEX
def serve(host: str, port: int, open_to_network: bool, index: Path | None) -> None:
    """ウェブの画面を開く。索引が無いか古いときは、先に作る。"""
    from ui.serve import serve as serve_page

    serve_page(_fresh_index(index), host=host, port=port, open_to_network=open_to_network)


@cli.group()
def corpus() -> None:
    """収録している文書と施策。"""


@corpus.command("list")
@_JSON
def corpus_list(as_json: bool) -> None:
    """文書の一覧。"""
    from indexer.corpus import load_corpora

    loaded = load_corpora()
    rows = [d.to_dict() | {"measures": len(loaded.measures_of(d.document_id))} for d in loaded.documents]
    if as_json:
        _echo_json(rows)
        return
    for row in rows:
        years = "、".join(str(y) for y in row["fiscal_years"])
        click.echo(f"{row['document_id']}  {row['title']}")
        click.echo(f"    {'、'.join(row['organizations'])}  {years}年度  {row['measures']}施策")


@corpus.command("show")
@click.argument("document_id")
@click.option("--page", type=click.IntRange(1), help="原文と読み取りを並べて見るページ")
@_JSON
def corpus_show(document_id: str, page: int | None, as_json: bool) -> None:
    """文書から読み取った施策。"""
    from indexer.corpus import load_corpora, reading_of
    from indexer.errors import UserError

    loaded = load_corpora()
    if page is not None:
        from indexer.review import render_page

        click.echo(render_page(reading_of(document_id), page))
        return
    known = [d.document_id for d in loaded.documents]
    if document_id not in known:
        raise UserError(f"文書 {document_id!r} はありません。あるのは: {'、'.join(known)}")
    measures = loaded.measures_of(document_id)
    if as_json:
        _echo_json([m.to_dict() for m in measures])
        return
    for measure in measures:
        number = f"計画番号{measure.plan_number} " if measure.plan_number else ""
        click.echo(f"\n■ {measure.measure_id}  {number}{measure.title}".replace("\n", " "))
        click.echo(f"  {measure.organization or '—'}｜{measure.heading}｜{measure.category or '—'}")
        for activity in measure.activities:
            kind = {"plan": "計画", "result": "実績"}[activity.kind]
            text = activity.text.replace("\n", "\n      ")
            click.echo(f"  [{activity.fiscal_year} {kind}] {text}")


@corpus.command("export")
@click.option("--csv", "as_csv", is_flag=True, help="CSV（1行に1つの計画か実績）で出力する")
def corpus_export(as_csv: bool) -> None:
    """すべての施策を JSON Lines（1行に1施策）で出力する。"""
    from indexer.corpus import load_corpora
    from indexer.export import write_csv, write_jsonl

    measures = load_corpora().measures
    (write_csv if as_csv else write_jsonl)(measures, sys.stdout)


corpus_commands.register(corpus)


@cli.command()
@_INDEX
@_JSON
def doctor(index: Path | None, as_json: bool) -> None:
    """索引・モデル・辞書・環境を確かめ、どうすればよいかを示す。"""
    from ui.doctor import doctor_command

    doctor_command(index, as_json=as_json)


@cli.command("eval")
@click.option(
    "--questions", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="質問の JSON Lines"
)
@click.option("--split", type=click.Choice(["dev", "test", "all"]), default="all", show_default=True)
@click.option("--compare", "compared", nargs=2, metavar="A B", help="保存した二つの実行を比べる")
@click.option("--gate", is_flag=True, help="下限を下回ったら終了コード1にする")
@click.option("--show-test", is_flag=True, help="test の質問の中身も報告に書く")
@_INDEX
@_JSON
def eval_command(index: Path | None, **options: Any) -> None:
    """質問集で答えを測る。"""
    from eval.command import run_eval_command

    run_eval_command(index=index, compared=options.pop("compared") or None, **options)


@cli.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@_JSON
def bench(folder: Path, as_json: bool) -> None:
    """BEIR 形式のフォルダで検索の性能を測る。"""
    from eval.bench import run_bench

    rows = run_bench(folder)
    if as_json:
        _echo_json([row.to_dict() for row in rows])
    else:
        click.echo(f"{'':8}{'nDCG@10':>9}{'R@10':>8}{'MRR@10':>9}{'索引 秒':>9}{'p50 ms':>9}{'p95 ms':>9}")
    for row in [] if as_json else rows:
        values = row.to_dict()
        click.echo(
            f"{values['name']:8}{values['ndcg@10']:9.3f}{values['recall@10']:8.3f}{values['mrr@10']:9.3f}"
            f"{values['build_seconds']:9.1f}{values['query_ms_p50']:9.1f}{values['query_ms_p95']:9.1f}"
        )


def _assistant(index: Path | None) -> Any:
    from retriever import Assistant

    return Assistant.load(_fresh_index(index))


def _fresh_index(index: Path | None) -> Path:
    """The index to use: the one named, as it is, or the default, built when missing or stale."""
    from indexer.build import build_index, default_index_path, needs_build

    root = index or default_index_path()
    if index is None and needs_build(root):
        click.echo("索引を作っています…", err=True)
        build_index(root)
    return root


def _echo_answer(answer: Any) -> None:
    from retriever.era import era_name

    click.echo(answer.text)
    if answer.notice:
        click.echo(f"\n※ {answer.notice}")
    if answer.citations:
        click.echo("\n出典")
    for citation in answer.citations:
        number = f" 計画番号{citation.plan_number}" if citation.plan_number else ""
        click.echo(
            f"[{citation.number}]{number} {citation.organization or '—'} {era_name(citation.fiscal_year)} "
            f"{citation.document_title}"
        )
        click.echo("    「" + " ".join(citation.quote.split()) + "」")


def _echo_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
