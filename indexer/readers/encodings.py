"""Which encoding a text file is in, decided on the whole file; what stays unclear is refused.

The order matters: ISO-2022-JP decodes as UTF-8 without an error, and many short lines of EUC-JP
also decode as cp932, so the escape character is looked for first and no line is judged alone.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Final

from indexer.errors import CorpusError

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ESCAPE: Final = re.compile(rb"\x1b(?:\$[@B]|\$\([@BDOPQ]|\([BJI])")
_ISO_2022: Final = ("iso2022_jp", "iso2022_jp_ext", "iso2022_jp_2004")
_EUC: Final = ("euc_jp", "euc_jis_2004")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufffd\ufffe\uffff]")
_KANA_BLOCK: Final = 0x30
_CLEAR: Final = 0.55
"""Least mean score of a reading that is believed: prose has about 0.9, a wrong reading below 0.3."""
_CLEAR_WITHOUT_KANA: Final = 0.85
"""The same for a text of kanji only: Chinese ones read as Japanese stay below."""
_KANA: Final = re.compile(r"[ぁ-ゖァ-ヺ]")
_AHEAD: Final = 0.25
"""How far the best reading must be ahead of the next."""


@dataclass(frozen=True, slots=True)
class Decoded:
    text: str
    encoding: str


def decode(data: bytes, hint: str | None = None) -> Decoded:
    """The text of a whole file. ``hint`` is what the file declares; it decides only between equals.

    Raises CorpusError, in Japanese, for a file in no known encoding or in possibly two.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strict(data, encoding)
    if _ESCAPE.search(data) and all(byte < 0x80 for byte in set(data)):
        return _first(data, _ISO_2022)
    if wide := _wide(data):
        return _strict(data, wide)
    try:
        return Decoded(_checked(data.decode("utf-8"), "UTF-8"), "utf-8")
    except UnicodeDecodeError:
        return _scored(data, hint)


def _strict(data: bytes, encoding: str) -> Decoded:
    try:
        return Decoded(_checked(data.decode(encoding), encoding), encoding)
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"{encoding} の文字列として壊れています（{error.start} バイト目）。正しく保存し直してください。"
        ) from error


def _first(data: bytes, encodings: tuple[str, ...]) -> Decoded:
    for encoding in encodings:
        try:
            return Decoded(_checked(data.decode(encoding), encoding), encoding)
        except UnicodeDecodeError:
            continue
    raise CorpusError("ISO-2022-JP（JIS）の文字列として壊れています。UTF-8 で保存し直してください。")


def _wide(data: bytes) -> str | None:
    """UTF-16 without a mark: NUL beside ASCII, or the kana block's high byte in every other place."""
    if len(data) % 2 or len(data) < 4:
        return None
    even, odd = data[::2], data[1::2]
    for high, low, encoding in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        share = (high.count(0) + high.count(_KANA_BLOCK)) / len(high)
        other = (low.count(0) + low.count(_KANA_BLOCK)) / len(low)
        if share > 0.3 and share > 3 * other and (0 in high or high.count(_KANA_BLOCK) > 0.3 * len(high)):
            try:
                text = data.decode(encoding)
            except UnicodeDecodeError:
                continue
            if _plausibility(text) > _CLEAR:
                return encoding
    return None


def _scored(data: bytes, hint: str | None) -> Decoded:
    """The one of cp932 and EUC-JP that reads as Japanese, where the other does not."""
    found: list[tuple[float, Decoded]] = []
    for group in (("cp932",), _EUC):
        for encoding in group:
            try:
                text = data.decode(encoding)
            except UnicodeDecodeError:
                continue
            found.append((_plausibility(text), Decoded(text, encoding)))
            break
    found.sort(key=lambda pair: -pair[0])
    if found and found[0][0] >= (_CLEAR if _KANA.search(found[0][1].text) else _CLEAR_WITHOUT_KANA):
        if len(found) == 1 or found[0][0] - found[1][0] >= _AHEAD:
            return Decoded(_checked(found[0][1].text, found[0][1].encoding), found[0][1].encoding)
        if hint:
            for _, decoded in found:
                if codecs.lookup(decoded.encoding) == _lookup(hint):
                    return decoded
    tried = "UTF-8、UTF-16、Shift_JIS、EUC-JP、ISO-2022-JP"
    raise CorpusError(f"文字コードを確かめられません（{tried} を試しました）。UTF-8 で保存し直してください。")


def _lookup(name: str) -> codecs.CodecInfo | None:
    name = {"shift_jis": "cp932", "x-sjis": "cp932", "sjis": "cp932", "windows-31j": "cp932"}.get(
        name.strip().lower(), name.strip()
    )
    try:
        return codecs.lookup(name)
    except LookupError:
        return None


def _plausibility(text: str) -> float:
    """Mean over the characters beyond ASCII: 1 for kana, punctuation and common kanji, less for others."""
    score, count = 0.0, 0
    for character in text:
        if character > "\x7f":
            score += _weight(character)
            count += 1
        elif character < " " and character not in "\t\n\r\x0c":
            score, count = score - 3, count + 1
    return score / count if count else 1.0


def _weight(character: str) -> float:
    if (
        "\u3041" <= character <= "\u3096"
        or "\u30a1" <= character <= "\u30fc"
        or character in "\u3000、。「」・"
    ):
        return 1.0
    if "\uff01" <= character <= "\uff5e" or "\u3003" <= character <= "\u301f":
        return 0.8
    if "\uff61" <= character <= "\uff9f":
        return -0.5
    if "\u4e00" <= character <= "\u9fff":
        try:
            lead = character.encode("euc_jp")[0]
        except UnicodeEncodeError:
            return 0.0
        return 0.9 if lead < 0xD0 else 0.0
    if "\ue000" <= character <= "\uf8ff" or character < "\xa0":
        return -3.0
    return 0.4


def _checked(text: str, encoding: str) -> str:
    if found := _CONTROL.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise CorpusError(
            f"{line} 行目に文字でないもの（U+{ord(found.group()):04X}）があります。"
            f"{encoding} の文章のファイルか、確かめてください。"
        )
    return text
