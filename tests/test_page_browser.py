"""The page in a real browser: what a visitor does, at desktop and phone width, in light and dark.

Screenshots go to ``.artifacts/``. Skipped, with the reason, where there is no Chromium.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from page_server import ADMIN, Server, running

from indexer.build import build_index
from indexer.corpus import Corpus
from indexer.schema import Activity, Document, Measure, Span

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

ROOT = Path(__file__).resolve().parent.parent
ARTIFACTS = ROOT / ".artifacts"
CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
WIDE, PHONE = (1280, 900), (375, 740)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not CHROMIUM.exists():
        subprocess.run([ROOT / "tests" / "install_browser.sh"], check=False, timeout=300)
    if not CHROMIUM.exists():
        pytest.skip("no /usr/bin/chromium, and it cannot be installed here (tests/install_browser.sh)")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(index_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(index_path, tmp_path_factory.mktemp("browser")) as server:
        yield server


class Visit:
    """One visitor's page, with everything it asked for and complained about."""

    def __init__(self, page: Any, url: str) -> None:
        self.page = page
        self.url = url
        self.outside: list[str] = []
        self.complaints: list[str] = []
        page.set_default_timeout(10_000)
        page.on("request", self._request)
        page.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" else None)
        page.on(
            "response", lambda r: self.complaints.append(f"{r.status} {r.url}") if r.status >= 400 else None
        )
        page.on("pageerror", lambda e: self.complaints.append(str(e)))

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.outside.append(request.url)

    def open(self, path: str = "/") -> Visit:
        self.page.goto(self.url + path)
        self.page.wait_for_selector("#sk-question textarea")
        self.page.wait_for_selector(".sk-welcome")
        return self

    def answers(self) -> int:
        return int(self.page.locator(".sk-answer .sk-tools").count())

    def after_answer(self, act: Callable[[], object]) -> None:
        """Do something that brings one more answer, and wait for it."""
        before = self.answers()
        act()
        self.page.wait_for_function(
            "n => document.querySelectorAll('.sk-answer .sk-tools').length > n", arg=before
        )

    def ask(self, question: str) -> str:
        self.page.fill("#sk-question textarea", question)
        self.after_answer(lambda: self.page.press("#sk-question textarea", "Enter"))
        return self.last_answer()

    def last_answer(self) -> str:
        return str(self.page.locator(".sk-answer").last.locator(".sk-text").inner_text())

    def chips(self) -> list[str]:
        chips = self.page.locator(".sk-answer").last.locator(".sk-chip").all()
        return [chip.inner_text().split("\n")[0] for chip in chips]

    def last_question(self) -> str:
        return str(self.page.locator("#sk-chat [data-testid=user]").last.inner_text())

    def tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name).click()

    def shoot(self, name: str, full: bool = False) -> None:
        ARTIFACTS.mkdir(exist_ok=True)
        self.page.wait_for_timeout(350)
        self.page.screenshot(path=str(ARTIFACTS / f"{name}.png"), full_page=full)


@pytest.fixture
def visit(browser: Any, server: Server) -> Iterator[Callable[..., Visit]]:
    """Opens pages; at the end none may have asked elsewhere or complained."""
    visits: list[Visit] = []
    contexts = []
    own = server

    def start(
        size: tuple[int, int] = WIDE, dark: bool = False, server: Server | None = None, **options: Any
    ) -> Visit:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if dark else "light",
            locale=options.pop("locale", "ja-JP"), **options,
        )  # fmt: skip
        contexts.append(context)
        visits.append(Visit(context.new_page(), (server or own).url))
        return visits[-1]

    yield start
    for context in contexts:
        context.close()
    assert [v.outside for v in visits if v.outside] == []
    assert [v.complaints for v in visits if v.complaints] == []


def test_ask_cite_and_open_the_span(visit: Callable[..., Visit]) -> None:
    v = visit().open()
    v.shoot("01-home")
    answer = v.ask("女性の創業支援は？")
    assert "創業" in answer
    card = v.page.locator(".sk-card").first
    for part in ("令和6年度", "計画番号93", "東京商工会議所", "計画", "取組実績"):
        assert part in card.inner_text()
    v.shoot("02-answer")
    v.page.locator(".sk-cite").first.click()
    mark = v.page.locator("#sk-panel #quoted")
    mark.wait_for()
    assert "創業塾の運営" in mark.inner_text()
    assert "介護に対する支援" in v.page.locator(".sk-original").inner_text()
    v.shoot("03-source")
    v.page.get_by_role("link", name="この施策を年度ごとに見る").click()
    v.page.wait_for_selector("#sk-panel .sk-years")
    v.shoot("04-measure")
    v.page.get_by_role("button", name="もどる").click()
    mark.wait_for()
    v.page.keyboard.press("Escape")
    assert not v.page.locator("#sk-panel").is_visible()


def test_follow_up_chips_and_suggestions(visit: Callable[..., Visit]) -> None:
    v = visit().open()
    v.ask("令和4年度の東京都商工会連合会の創業支援の計画は？")
    assert {"令和4年度", "東京都商工会連合会"} <= set(v.chips())
    v.ask("その実績は？")
    last = v.page.locator(".sk-answer").last
    assert last.locator(".sk-from").count() >= 1
    assert "令和4年度" in v.chips()
    v.shoot("05-follow-up")
    v.after_answer(lambda: last.locator(".sk-chip", has_text="令和4年度").click())
    assert "令和4年度" not in v.chips()
    v.after_answer(lambda: v.page.locator(".sk-next .sk-ask:visible").first.click())
    assert v.answers() == 4


def test_examples_answer_each_kind(visit: Callable[..., Visit]) -> None:
    v = visit().open()
    examples = v.page.locator(".sk-examples .sk-ask")
    assert examples.count() >= 5
    v.after_answer(lambda: examples.last.click())
    assert "5つの文書" in v.last_answer()
    answer = v.ask("青森労働局の長時間労働対策の計画と実績を年度ごとに比較して")
    assert v.page.locator(".sk-answer").last.locator("table").count() == 1, answer
    v.shoot("06-comparison")


def test_refusals(visit: Callable[..., Visit]) -> None:
    v = visit().open()
    v.ask("計画番号999は？")
    assert v.page.locator(".sk-status").last.inner_text() == "その計画番号はありません"
    v.ask("大阪府の施策は？")
    assert v.page.locator(".sk-status").last.inner_text() == "収録範囲の外です"
    v.shoot("07-refusal")
    v.page.fill("#sk-question textarea", "   ")
    v.page.press("#sk-question textarea", "Enter")
    v.page.get_by_text("質問を入力してください").first.wait_for()


def test_retry_undo_edit_and_clear(visit: Callable[..., Visit]) -> None:
    v = visit().open()
    v.ask("女性の創業支援は？")
    v.ask("R4-R6のテレワークは？ [1] *a*")
    v.page.get_by_role("button", name="再試行").click()
    v.page.wait_for_timeout(800)
    assert v.answers() == 2
    v.page.get_by_role("button", name="元に戻す").click()
    v.page.wait_for_function("() => document.querySelectorAll('.sk-answer .sk-tools').length === 1")
    assert v.page.locator("#sk-question textarea").input_value() == "R4-R6のテレワークは？ [1] *a*"
    v.page.get_by_role("button", name="編集").last.click()
    v.page.locator("#sk-chat textarea").fill("計画番号999は？")
    v.page.get_by_role("button", name="送信").click()
    v.page.get_by_text("その計画番号はありません").wait_for()
    assert v.last_question() == "計画番号999は？"
    v.page.get_by_role("button", name="新しい会話").click()
    v.page.wait_for_selector(".sk-welcome")
    assert v.answers() == 0


def test_filters_narrow_the_answer(visit: Callable[..., Visit]) -> None:
    v = visit().open()
    v.page.get_by_role("button", name="条件をしぼる").click()
    box = v.page.locator("#sk-filters").get_by_label("年度")
    box.click()
    v.page.get_by_role("option", name="令和4年度").click()
    v.ask("創業支援は？")
    v.shoot("08-filters")
    years = {t.inner_text() for t in v.page.locator(".sk-card .sk-tag").all() if "年度" in t.inner_text()}
    assert years == {"令和4年度"}
    v.after_answer(
        lambda: v.page.locator(".sk-answer").last.locator(".sk-chip", has_text="令和4年度").click()
    )
    assert "令和4年度" not in v.chips()
    assert box.input_value() == "すべて"


def test_copy_save_and_print(visit: Callable[..., Visit], tmp_path: Path) -> None:
    v = visit(permissions=["clipboard-read", "clipboard-write"]).open()
    v.ask("女性の創業支援は？")
    v.page.get_by_role("link", name="出典つきでコピー").click()
    v.page.get_by_text("コピーしました").wait_for()
    copied = v.page.evaluate("navigator.clipboard.readText()")
    assert "### 出典" in copied
    assert "[1] 計画番号93" in copied
    with v.page.expect_download() as download:
        v.page.get_by_role("button", name="会話を保存").click()
    download.value.save_as(tmp_path / "c.md")
    assert "## 質問: 女性の創業支援は？" in (tmp_path / "c.md").read_text(encoding="utf-8")
    v.page.emulate_media(media="print")
    assert not v.page.locator("#sk-question").is_visible()
    assert not v.page.locator(".sk-tools").first.is_visible()
    assert v.page.locator(".sk-card").first.is_visible()
    v.shoot("09-print")


def test_feedback_reaches_the_administrator(visit: Callable[..., Visit], server: Server) -> None:
    v = visit().open()
    v.ask("女性の創業支援は？")
    v.page.locator(".sk-rate").get_by_role("link", name="いいえ").click()
    v.page.get_by_text("ありがとうございます").wait_for()
    v.page.get_by_label("どこがよかったか").fill("<img src=x onerror=alert(1)> 回数がほしい")
    v.shoot("10-feedback")
    v.page.get_by_role("button", name="送る").click()
    v.page.wait_for_selector(".sk-comment", state="detached")
    exported = httpx.get(f"{server.url}/admin/feedback.jsonl", auth=("admin", ADMIN)).text
    assert "回数がほしい" in exported


def test_list_search_heat_map_and_exports(visit: Callable[..., Visit]) -> None:
    v = visit().open()
    v.tab("施策一覧")
    v.page.get_by_text("188件の施策").wait_for()
    v.shoot("11-list")
    v.page.locator("#sk-search textarea").press_sequentially("テレワーク", delay=20)
    v.page.wait_for_function("() => document.querySelectorAll('.sk-table mark').length > 3")
    with v.page.expect_download() as download:
        v.page.get_by_role("link", name="CSVで保存").click()
    csv = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert csv.count("テレワーク") > 10
    assert "東京都商工会連合会" not in csv
    with v.page.expect_download() as download:
        v.page.get_by_role("link", name="Excelで保存").click()
    assert download.value.suggested_filename.endswith(".xlsx")
    v.page.get_by_role("button", name="条件をすべて外す").click()
    v.page.get_by_text("188件の施策").wait_for()
    v.page.get_by_role("button", name="さらに表示").click()
    v.page.get_by_text("120件まで").wait_for()
    v.page.locator(".sk-heat a").first.click()
    v.page.get_by_text("10件の施策").wait_for()
    assert v.page.locator("#sk-browse-filters").get_by_label("組織").input_value() == "東京都商工会連合会"
    v.page.locator(".sk-table a").first.click()
    v.page.wait_for_selector("#sk-panel .sk-years")
    v.shoot("12-measure-of-list")


def test_phone_width_light_and_dark(visit: Callable[..., Visit]) -> None:
    for dark in (False, True):
        v = visit(PHONE, dark).open()
        name = "dark" if dark else "light"
        v.shoot(f"20-phone-home-{name}")
        v.ask("女性の創業支援は？")
        v.shoot(f"21-phone-answer-{name}", full=True)
        assert v.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        v.page.locator(".sk-card a").first.click()
        v.page.locator("#quoted").wait_for()
        v.shoot(f"22-phone-source-{name}")
        v.page.get_by_role("button", name="閉じる").click()
        for tab in ("施策一覧", "評価", "管理"):
            v.tab(tab)
            v.page.wait_for_timeout(300)
            assert v.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0], tab
            v.shoot(f"23-phone-{tab}-{name}")


def test_dark_by_choice_and_remembered(visit: Callable[..., Visit]) -> None:
    v = visit().open()
    light = v.page.evaluate("getComputedStyle(document.body).backgroundColor")
    v.page.locator('a[href="#theme"]').click()
    v.page.wait_for_function("() => document.body.classList.contains('dark')")
    assert v.page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    v.ask("テレワークを推進している機関の一覧")
    v.shoot("13-dark")
    v.open()
    assert v.page.evaluate("document.body.classList.contains('dark')")


def test_english(visit: Callable[..., Visit]) -> None:
    v = visit(locale="en-US").open()
    assert v.page.get_by_role("tab", name="施策一覧").is_visible()
    v.page.get_by_role("link", name="English").click()
    v.page.get_by_role("tab", name="Measures").wait_for()
    v.page.get_by_text("What are you looking for?").wait_for()
    v.ask("女性の創業支援は？")
    assert "FY2024" in v.page.locator(".sk-card").first.inner_text()
    v.shoot("14-english")


def test_by_keyboard_alone(visit: Callable[..., Visit]) -> None:
    v = visit().open()
    assert v.page.evaluate("document.activeElement.closest('#sk-question') !== null")
    v.page.keyboard.type("女性の創業支援は？")
    v.after_answer(lambda: v.page.keyboard.press("Enter"))
    v.page.locator(".sk-cite").first.focus()
    v.page.keyboard.press("Enter")
    v.page.locator("#quoted").wait_for()
    assert v.page.evaluate("document.activeElement.closest('#sk-panel') !== null")
    v.page.keyboard.press("Escape")
    assert v.page.evaluate("document.activeElement.classList.contains('sk-cite')")
    v.page.keyboard.press("Tab")
    assert v.page.evaluate("document.activeElement.matches('a, button')")


def test_screen_reader_gets_names_and_one_announcement(visit: Callable[..., Visit]) -> None:
    v = visit().open()
    v.ask("女性の創業支援は？")
    v.page.wait_for_function("() => document.querySelector('#sk-status').textContent.includes('出典4件')")
    assert "出典4件" in v.page.locator("#sk-status [role=status]").first.inner_text()
    assert v.page.locator("#sk-chat [role=log]").get_attribute("aria-live") == "off"
    assert v.page.locator("#sk-chat [data-testid=bot]").first.get_attribute("aria-label") == "回答"
    unnamed = v.page.evaluate(
        """() => [...document.querySelectorAll('button, a[href], input:not([type=hidden]), textarea')]
        .filter(e => e.offsetParent && !e.closest('[aria-hidden=true]') && !(e.textContent.trim() || e.getAttribute('aria-label')
          || e.title || e.labels?.length)).map(e => e.outerHTML.slice(0, 200))"""
    )
    assert unnamed == []


def test_enter_while_converting_does_not_send(visit: Callable[..., Visit]) -> None:
    v = visit().open()
    v.page.fill("#sk-question textarea", "そうぎょう")
    for composing in ({"isComposing": True}, {"keyCode": 229}):
        v.page.evaluate(
            """options => { const box = document.querySelector('#sk-question textarea');
            for (const type of ['keydown', 'keypress'])
              box.dispatchEvent(new KeyboardEvent(type, {key: 'Enter', bubbles: true, cancelable: true, ...options})); }""",
            composing,
        )
    v.page.wait_for_timeout(500)
    assert v.page.locator("#sk-chat .user-row").count() == 0
    v.after_answer(lambda: v.page.press("#sk-question textarea", "Enter"))


def test_a_visitor_cannot_administer_and_the_administrator_can(visit: Callable[..., Visit]) -> None:
    v = visit().open()
    v.tab("管理")
    v.page.get_by_text("管理にはログインが必要です").wait_for()
    assert v.page.get_by_role("button", name="索引を作り直す").count() == 0
    v.page.locator("#sk-admin").get_by_role("link", name="ログイン").click()
    v.page.get_by_label("パスワード").fill(ADMIN)
    v.shoot("15-login")
    v.page.get_by_role("button", name="ログイン").click()
    v.page.wait_for_selector("#sk-question textarea")
    v.tab("管理")
    v.page.get_by_role("button", name="索引を作り直す").click()
    v.page.wait_for_selector('.sk-progress[data-state="done"]', timeout=40_000)
    v.shoot("16-administration", full=True)
    rows = v.page.locator(".sk-admin section:nth-of-type(2) tbody tr")
    assert rows.count() == 2
    v.page.get_by_role("button", name="この世代にもどす").click()
    v.page.wait_for_function(
        "() => document.querySelectorAll('.sk-admin section:nth-of-type(2) tr')[2].innerText.includes('使用中')"
    )
    v.page.get_by_role("link", name="ログアウト").click()
    v.page.wait_for_selector("#sk-question textarea")


def test_no_evaluation_yet(visit: Callable[..., Visit]) -> None:
    v = visit().open()
    v.tab("評価")
    v.page.locator("#sk-eval .sk-empty, #sk-eval .sk-report").wait_for()


HOSTILE = [
    "<img src=CANARY onerror=fetch('CANARY')>", "![x](CANARY)", "[![x](CANARY)](CANARY)", "<script src=CANARY></script>",
    "<iframe src=CANARY></iframe>", "<svg><image href=CANARY /></svg>", "<video src=CANARY autoplay></video>",
    "<style>body{background:url(CANARY)}</style>", "<link rel=stylesheet href=CANARY>", "<object data=CANARY></object>",
    "<div style=\"background:url('CANARY')\">x</div>", "<meta http-equiv=refresh content='0;url=CANARY'>",
    "\n\n<img src=CANARY>\n\n", "$$\\includegraphics{CANARY}$$", "```mermaid\ngraph TD; A[<img src=CANARY>]\n```",
]  # fmt: skip


def test_nothing_typed_runs_or_loads(visit: Callable[..., Visit]) -> None:
    v = visit().open()
    v.page.on("dialog", lambda dialog: v.complaints.append(dialog.message))
    for text in HOSTILE:
        question = text.replace("CANARY", "http://127.0.0.2:9/canary")
        v.ask(f"{question} 創業")
    v.page.wait_for_timeout(500)
    shown = v.page.locator("#sk-chat .user-row").first.inner_text()
    assert "<img src=" in shown
    assert v.page.locator("#sk-chat .user-row :is(img, script, iframe, video, object, style)").count() == 0


def test_the_policy_stops_what_would_get_through(browser: Any, server: Server) -> None:
    """The second layer alone: injected markup neither runs nor loads."""
    page = browser.new_page()
    reached: list[str] = []
    page.on("requestfinished", lambda r: reached.append(r.url))
    page.goto(server.url)
    page.wait_for_selector("#sk-question textarea")
    reached.clear()
    outside = f"http://localhost:{server.url.rsplit(':', 1)[1]}/healthz"
    page.evaluate(
        """url => { document.body.insertAdjacentHTML('beforeend', `<img src="${url}?i"><iframe src="${url}?f"></iframe>
        <img src=x onerror="window.ran = 1"><link rel=stylesheet href="${url}?s">`);
        const s = document.createElement('script'); s.textContent = 'window.ran = 2'; document.body.append(s);
        setTimeout("window.ran = 3"); }""",
        outside,
    )
    page.wait_for_timeout(500)
    assert [url for url in reached if "localhost" in url] == []
    assert page.evaluate("window.ran") is None
    page.close()


CANARY = "http://127.0.0.2:9/canary"
WRAPPED = ("{}", "施策{}です", "## {}", "| {} |", "> {}", "- {}", "**{}**", "\n\n{}\n\n")


@pytest.fixture(scope="module")
def hostile_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus whose titles, organizations and texts are all markup that wants to load a canary."""
    texts = [w.format(h.replace("CANARY", CANARY)) for w in WRAPPED for h in HOSTILE]
    source, measures = "", []
    for number, text in enumerate(texts):
        raw = f"{text} 取組{number}を実施した。"
        span = Span(len(source), len(source) + len(raw))
        source += raw + "\n"
        activity = Activity(2022, "result", raw, span)
        measures.append(
            Measure(f"d/{number}", "d", str(number + 1), f"{text}局", text, text, text, (activity,))
        )
    document = Document(
        "d", HOSTILE[0].replace("CANARY", CANARY), ("局",), (2022,), "0" * 64, source, "東京都"
    )
    root = tmp_path_factory.mktemp("hostile")
    build_index(root, Corpus((document,), tuple(measures)))
    return root


def test_a_hostile_corpus_behind_a_password(
    visit: Callable[..., Visit], hostile_index: Path, tmp_path: Path
) -> None:
    with running(hostile_index, tmp_path, SHISAKU_PASSWORD="visitor-word") as server:
        assert httpx.get(f"{server.url}/session").status_code == 401
        v = visit(server=server)
        v.page.on("dialog", lambda dialog: v.complaints.append(dialog.message))
        v.page.goto(server.url)
        v.page.get_by_label("パスワード").fill("visitor-word")
        v.page.get_by_role("button", name="ログイン").click()
        v.page.wait_for_selector("#sk-question textarea")
        for number in range(1, len(WRAPPED) * len(HOSTILE), 13):
            v.ask(f"計画番号{number}の実績は？")
        assert CANARY in v.page.locator(".sk-answer").first.inner_text()
        for address in v.page.locator(".sk-card a").evaluate_all("all => all.slice(0, 4).map(a => a.href)"):
            v.page.evaluate(
                "href => document.querySelector(`a[href='${new URL(href).pathname + new URL(href).search + new URL(href).hash}']`).click()",
                address,
            )
            v.page.locator("#sk-panel #quoted").wait_for()
            v.page.keyboard.press("Escape")
        v.tab("施策一覧")
        v.page.get_by_role("button", name="さらに表示").click()
        v.page.wait_for_function("() => document.querySelectorAll('.sk-table tbody tr').length >= 120")
        v.page.wait_for_timeout(500)
        inside = ":is(.sk-answer, .sk-list, .sk-heat, .sk-welcome, #sk-panel) :is(img, script, iframe, video, object, link, style, svg)"
        assert v.page.locator(inside).count() == 0
        assert "visitor-word" not in server.log.read_text(errors="replace")
