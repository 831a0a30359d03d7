"""Encodings are decided on the whole file: right or refused, never garbled."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.corpus import corpus_root
from indexer.errors import CorpusError
from indexer.readers.encodings import decode

ENCODINGS = ("utf-8", "utf-8-sig", "cp932", "euc_jp", "iso2022_jp", "utf-16", "utf-16-le", "utf-16-be")
FILES = 50


def texts() -> list[str]:
    """Fifty texts of 30 to 400 characters, cut out of the real sources, all in every encoding."""
    whole = "".join(p.read_text(encoding="utf-8") for p in sorted((corpus_root() / "sources").glob("*.txt")))
    whole = whole.replace("～", "〜").encode("euc_jp", "ignore").decode("euc_jp")
    whole = (
        whole.encode("cp932", "ignore").decode("cp932").encode("iso2022_jp", "ignore").decode("iso2022_jp")
    )
    chosen = random.Random(7)
    starts = [chosen.randrange(len(whole) - 500) for _ in range(FILES)]
    return [whole[s : s + chosen.randrange(30, 400)] for s in starts]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_fifty_files_are_right_or_refused(encoding: str) -> None:
    refused = 0
    for text in texts():
        try:
            assert decode(text.encode(encoding)).text == text
        except CorpusError:
            refused += 1
    assert refused <= 2, f"{refused} of {FILES} refused"


def test_iso_2022_jp_is_not_taken_for_utf8() -> None:
    assert decode("施策の一覧".encode("iso2022_jp")).encoding == "iso2022_jp"


def test_euc_lines_that_also_decode_as_cp932_are_read_as_a_whole() -> None:
    text = "番号,事業名\n" + "\n".join(f"{n},テレワークの推進" for n in range(20))
    assert decode(text.encode("euc_jp")).text == text


@pytest.mark.parametrize(
    "data",
    [
        bytes(range(128, 256)) * 4,
        "привет, как дела".encode("koi8-r"),
        "c'est déjà l'été à la forêt".encode("latin-1"),
        "简体中文的政策文件内容".encode("gb18030"),
        b"abc\x00\x01\x02def",
        "壊れた".encode("utf-16")[:-1],
    ],
)
def test_what_stays_unclear_is_refused(data: bytes) -> None:
    with pytest.raises(CorpusError):
        decode(data)


def test_plain_ascii_is_read() -> None:
    assert decode(b"No,plan\n1,x\n").text == "No,plan\n1,x\n"


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_give_text_or_a_refusal(data: bytes) -> None:
    try:
        decoded = decode(data)
    except CorpusError:
        return
    assert "\x00" not in decoded.text
    assert "\ufffd" not in decoded.text


def test_a_file_in_each_encoding_goes_through_the_worker(tmp_path: Path) -> None:
    from indexer.readers import extract

    for encoding in ("cp932", "euc_jp", "iso2022_jp", "utf-16"):
        path = tmp_path / f"{encoding}.csv"
        path.write_bytes("番号,事業名,計画\n1,テレワーク,相談窓口を設置する。\n".encode(encoding))
        assert "相談窓口を設置する。" in extract(path).text
