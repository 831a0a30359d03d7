"""``shisaku corpus add`` and ``remove``: a user's own documents."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from indexer.adding import Preview
    from indexer.layouts.mapping import DocumentMapping

_SHOWN = 3
_MOST_SKIPPED = 20
_INDEX = click.option(
    "--index", "index", type=click.Path(path_type=Path), default=None, envvar="SHISAKU_INDEX",
    help="索引のフォルダ（既定は index/）",
)  # fmt: skip
_NO_INDEX = click.option(
    "--no-index", is_flag=True, help="索引は作り直さない（あとで shisaku index を実行する）"
)


def register(corpus: click.Group) -> None:
    """Put the commands on the group ``corpus``."""
    corpus.add_command(add_command)
    corpus.add_command(remove_command)


@click.command("add")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--title", help="文書の題名（省くとファイルの中の題名）。ファイルが一つのときだけ使える")
@click.option(
    "--year", "years", type=int, multiple=True, help="年度（西暦。令和4年度は 2022）。何度でも書ける"
)
@click.option(
    "--organization", "organizations", multiple=True, required=True, help="文書の組織。何度でも書ける"
)
@click.option("--prefecture", help="都道府県")
@click.option("--id", "document_id", help="文書ID（省くとファイル名）。ファイルが一つのときだけ使える")
@click.option(
    "--mapping",
    "mapping_file",
    type=click.Path(path_type=Path),
    help="列の対応づけの TOML（--preview で出る形）",
)
@click.option(
    "--preview", "only_preview", is_flag=True, help="読み取りと対応づけの案を見るだけで、追加しない"
)
@click.option("--replace", is_flag=True, help="同じIDの文書を置き換える")
@_NO_INDEX
@_INDEX
@click.option("--json", "as_json", is_flag=True, help="結果を JSON で出力する")
def add_command(
    files: tuple[Path, ...], mapping_file: Path | None, only_preview: bool, no_index: bool, index: Path | None,
    as_json: bool, **said: Any,
) -> None:  # fmt: skip
    """文書を追加する（PDF、DOCX、XLSX、CSV、TSV、HTML、Markdown、テキスト）。"""
    from indexer.adding import Description, add, previews
    from indexer.errors import ShisakuError, UserError
    from indexer.locations import user_corpus

    if len(files) > 1 and (said["title"] or said["document_id"] or mapping_file):
        raise UserError("--title、--id、--mapping は、ファイルが一つのときだけ使えます。")
    described = Description(
        said["title"], said["years"], said["organizations"], said["prefecture"], said["document_id"],
        _mapping(mapping_file) if mapping_file else None, said["replace"],
    )  # fmt: skip
    root = user_corpus()
    rows: list[dict[str, Any]] = []
    for found in previews(root, files, described, lambda line: click.echo(line, err=True)):
        if isinstance(found, tuple):
            rows.append({"file": str(found[0]), "error": found[1]})
            click.echo(f"読めませんでした: {found[1]}", err=True)
            continue
        try:
            if not only_preview:
                add(root, found)
        except ShisakuError as error:
            rows.append({"file": str(found.path), "error": str(error)})
            click.echo(f"追加できませんでした: {error}", err=True)
            continue
        rows.append(_row(found))
        if not as_json:
            _show(found, only_preview)
    added = [row for row in rows if "error" not in row]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    if added and not only_preview and not no_index:
        _rebuild(index)
    if not added:
        raise UserError(f"{len(rows)} 件のどれも追加できませんでした。")


@click.command("remove")
@click.argument("document_id")
@_NO_INDEX
@_INDEX
def remove_command(document_id: str, no_index: bool, index: Path | None) -> None:
    """追加した文書を、ファイルと読み取りの控えごと取り除く。"""
    from indexer.adding import remove
    from indexer.locations import user_corpus

    entry = remove(user_corpus(), document_id)
    click.echo(f"取り除きました: {entry.document_id}（{entry.title}）")
    if not no_index:
        _rebuild(index)


def _mapping(path: Path) -> DocumentMapping:
    """The mapping in a file that holds what ``--preview`` shows."""
    import tomllib

    from indexer.errors import UserError
    from indexer.layouts.mapping import DocumentMapping

    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} を TOML として読めません（{error}）。") from error
    return DocumentMapping.of(table.get("documents", {}).get("mapping", table), str(path))


def _row(found: Preview) -> dict[str, Any]:
    entry, measures = found.entry, found.found.reading.measures
    return {
        "file": str(found.path),
        "document_id": entry.document_id,
        "title": entry.title,
        "organizations": list(entry.organizations),
        "fiscal_years": list(entry.fiscal_years),
        "measures": len(measures),
        "activities": sum(len(m.activities) for m in measures),
        "mapping": found.found.mapping.to_toml(),
        "skipped": [{"place": s.place, "reason": s.reason} for s in found.found.skipped],
    }


def _show(found: Preview, only_preview: bool) -> None:
    """What was read, in a few lines: counts, the mapping, some measures, all that was left out."""
    entry, measures = found.entry, found.found.reading.measures
    years = "、".join(str(year) for year in entry.fiscal_years)
    done = "読み取り（追加していません）" if only_preview else "追加しました"
    click.echo(f"{done}: {found.path.name} → {entry.document_id}「{entry.title}」 {years}年度")
    kinds = Counter(a.kind for m in measures for a in m.activities)
    click.echo(f"  {len(measures)} 施策（計画 {kinds['plan']}、実績 {kinds['result']}）")
    if only_preview:
        click.echo("  列の対応づけの案（直して --mapping で渡せます）:")
        for line in found.found.mapping.to_toml().replace("[documents.mapping.", "[").splitlines():
            click.echo(f"    {line}".rstrip())
        for measure in measures[:_SHOWN]:
            said = measure.activities[0].text.replace("\n", " ")[:60]
            click.echo(
                f"  ■ {measure.plan_number or '—'}｜{measure.organization or '—'}｜{measure.title}｜{said}"
            )
    _show_skipped(found.found.skipped)


def _show_skipped(skipped: Sequence[Any]) -> None:
    if skipped:
        click.echo(f"  読まなかった部分 {len(skipped)} 件:")
    for part in skipped[:_MOST_SKIPPED]:
        click.echo(f"    {part.place}: {part.reason}")
    if len(skipped) > _MOST_SKIPPED:
        click.echo(f"    ほか {len(skipped) - _MOST_SKIPPED} 件（--json ですべて出ます）")


def _rebuild(index: Path | None) -> None:
    """Index what the corpus folders hold now."""
    from indexer.build import build_index, default_index_path
    from indexer.corpus import load_corpora

    corpus = load_corpora()
    for problem in corpus.problems:
        click.echo(f"索引に入れませんでした: {problem}", err=True)
    made = build_index(
        index or default_index_path(), corpus, progress=lambda line: click.echo(line, err=True)
    )
    facts = made.manifest["facts"]
    click.echo(
        f"索引を作りました: {facts['documents']} 文書、{facts['measures']} 施策（{made.name}）", err=True
    )
