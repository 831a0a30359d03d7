"""The plain HTTP routes beside Gradio: sources, exports, feedback, login, administration, health."""

from __future__ import annotations

import asyncio
import datetime
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from pydantic import BaseModel, Field

from indexer.errors import ShisakuError
from indexer.schema import Span
from retriever import Assistant
from ui import evaluation
from ui.admin import Rebuild, panel, return_to
from ui.auth import SESSION_COOKIE, SESSION_SECONDS, Access
from ui.browse import SORTS, Selection, csv_bytes, excel_bytes, select
from ui.conversation import Answers
from ui.feedback import MAX_COMMENT, Feedback
from ui.i18n import COOKIE, Language, language_of, words
from ui.markup import escape
from ui.security import session_token
from ui.views import measure_view, not_found, page, source_view

_FOLDER = Path(__file__).resolve().parent
_STATIC = {"style.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}
_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Rated(BaseModel):
    """What a visitor says of an answer."""

    answer_id: str = Field(max_length=64)
    rating: Literal["yes", "no"]
    comment: str = Field(default="", max_length=MAX_COMMENT)


@dataclass(frozen=True)
class Services:
    """What the routes work with."""

    assistant: Assistant
    answers: Answers
    feedback: Feedback
    access: Access
    rebuild: Rebuild
    index_root: Path
    runs: Path


def asset_version() -> str:
    """Changes when the style or script does, so that browsers fetch them anew."""
    digest = hashlib.sha256()
    for name in sorted(_STATIC):
        digest.update((_FOLDER / name).read_bytes())
    return digest.hexdigest()[:10]


def router(services: Services) -> APIRouter:
    """All routes but Gradio's. Who may call which is decided in ``ui.security``."""
    routes = APIRouter()
    for add in (_pages, _exports, _feedback, _login, _admin, _health):
        add(routes, services)
    return routes


def _language(request: Request) -> Language:
    return language_of(request.headers.get("cookie"))


def _shown(body: str, title: str, part: bool, language: Language, status: int = 200) -> HTMLResponse:
    """A fragment for the page's panel, or a page of its own."""
    return HTMLResponse(body if part else page(title, body, language, asset_version()), status)


def _pages(routes: APIRouter, services: Services) -> None:
    @routes.get("/page/{name}")
    def static(name: str) -> Response:
        if name not in _STATIC:
            return PlainTextResponse("", 404)
        headers = {"cache-control": "public, max-age=3600"}
        return FileResponse(_FOLDER / name, media_type=_STATIC[name], headers=headers)

    @routes.get("/language/{code}")
    def language(code: str) -> Response:
        response = RedirectResponse("/", 303)
        chosen = "en" if code == "en" else "ja"
        response.set_cookie(COOKIE, chosen, max_age=365 * 86400, httponly=True, samesite="strict")
        return response

    @routes.get("/source")
    def source(
        request: Request, document: str, start: int, end: int, whole: bool = False, part: bool = False
    ) -> HTMLResponse:
        lang, index = _language(request), services.assistant.catalog.index
        found = next((d for d in index.documents if d.document_id == document), None)
        if found is None or not 0 <= start < end <= len(found.text):
            return _shown(not_found(lang), words(lang)["source_text"], part, lang, 404)
        body = source_view(found, Span(start, end), index.measures, lang, whole)
        return _shown(body, found.title, part, lang)

    @routes.get("/measure")
    def measure(request: Request, id: str, part: bool = False) -> HTMLResponse:  # noqa: A002
        lang, catalog = _language(request), services.assistant.catalog
        found = catalog.measures.get(id)
        if found is None:
            return _shown(not_found(lang), words(lang)["measure"], part, lang, 404)
        return _shown(
            measure_view(found, catalog.documents[found.document_id], lang), found.title, part, lang
        )

    @routes.get("/eval/{name}")
    def chart(name: str) -> Response:
        file = evaluation.chart(services.runs, name)
        if file is None:
            return PlainTextResponse("", 404)
        return FileResponse(file, media_type="image/svg+xml" if file.suffix == ".svg" else "image/png")


def _exports(routes: APIRouter, services: Services) -> None:
    @routes.get("/export/measures.{kind}")
    def export(
        kind: Literal["csv", "xlsx"],
        q: Annotated[str, Query(max_length=200)] = "",
        document: str | None = None,
        organization: str | None = None,
        year: int | None = None,
        sort: str = "document",
    ) -> Response:
        index = services.assistant.catalog.index
        order = sort if sort in SORTS else "document"
        found = select(index.measures, Selection(q, document, organization, year, order))
        name = f"shisaku-{datetime.date.today():%Y%m%d}.{kind}"
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        if kind == "csv":
            return Response(
                csv_bytes(found, index.documents), media_type="text/csv; charset=utf-8", headers=headers
            )
        return Response(excel_bytes(found, index.documents), media_type=_EXCEL, headers=headers)


def _feedback(routes: APIRouter, services: Services) -> None:
    @routes.post("/feedback")
    def rate(request: Request, rated: Rated) -> Response:
        record = services.answers.get(rated.answer_id)
        if record is None:
            return JSONResponse({"detail": words(_language(request))["expired"]}, 410)
        services.feedback.record(record, rated.rating, rated.comment)
        return JSONResponse({"detail": words(_language(request))["thanks"]})


def _login(routes: APIRouter, services: Services) -> None:
    access = services.access

    @routes.get("/session")
    def session(request: Request) -> JSONResponse:
        role = access.role(session_token(request.headers), request.headers.get("authorization"))
        text = words(_language(request))
        reason = "" if role == "admin" else text["admin_login" if access.administration else "admin_off"]
        return JSONResponse({"role": role, "administration": access.administration, "reason": reason})

    @routes.get("/login")
    def form(request: Request) -> HTMLResponse:
        return _shown(
            _login_form(_language(request), access),
            words(_language(request))["login"],
            False,
            _language(request),
        )

    @routes.post("/login")
    def login(request: Request, password: Annotated[str, Form(max_length=1_000)] = "") -> Response:
        role, lang = access.role_for(password), _language(request)
        if role is None:
            body = _login_form(lang, access, words(lang)["wrong_password"])
            return _shown(body, words(lang)["login"], False, lang, 401)
        response = RedirectResponse("/", 303)
        secure = request.url.scheme == "https"
        response.set_cookie(
            SESSION_COOKIE,
            access.open_session(role),
            max_age=SESSION_SECONDS,
            httponly=True,
            secure=secure,
            samesite="strict",
        )
        return response

    @routes.post("/logout")
    def logout(request: Request) -> Response:
        access.close_session(session_token(request.headers) or "")
        response = RedirectResponse("/", 303)
        response.delete_cookie(SESSION_COOKIE)
        return response


def _login_form(language: Language, access: Access, problem: str = "") -> str:
    text = words(language)
    if not access.administration and not access.visitors_need_password:
        return f'<div class="sk-login"><p>{escape(text["admin_off"])}</p><p><a href="/">{escape(text["back"])}</a></p></div>'
    message = f'<p class="sk-problem" role="alert">{escape(problem)}</p>' if problem else ""
    lead = text["login_text"] if access.visitors_need_password else text["admin_login"]
    return (
        f'<form class="sk-login" method="post" action="/login"><h2>{escape(text["login"])}</h2><p>{escape(lead)}</p>{message}'
        f'<label for="password">{escape(text["password"])}</label>'
        '<input id="password" name="password" type="password" autocomplete="current-password" required autofocus>'
        f'<button class="sk-button" type="submit">{escape(text["login"])}</button>'
        f'<p><a href="/">{escape(text["back"])}</a></p></form>'
    )


def _admin(routes: APIRouter, services: Services) -> None:
    @routes.get("/admin/panel")
    def show(request: Request) -> HTMLResponse:
        counts = services.feedback.counts()
        body = panel(services.index_root, services.assistant, services.rebuild, counts, _language(request))
        return HTMLResponse(body)

    @routes.post("/admin/rebuild")
    def rebuild() -> JSONResponse:
        started = services.rebuild.start()
        return JSONResponse({"started": started}, 202 if started else 409)

    @routes.get("/admin/progress")
    def progress() -> JSONResponse:
        return JSONResponse({"state": services.rebuild.state, "message": services.rebuild.message})

    @routes.post("/admin/return/{name}")
    def back(name: str) -> JSONResponse:
        if not re.fullmatch(r"gen-[0-9A-Za-z-]{1,60}", name):
            return JSONResponse({"detail": "世代の名前ではありません。"}, 404)
        try:
            return_to(services.index_root, name, services.assistant)
        except ShisakuError as error:
            return JSONResponse({"detail": str(error)}, 409)
        return JSONResponse({"detail": name})

    @routes.get("/admin/feedback.jsonl")
    def candidates() -> Response:
        headers = {"content-disposition": 'attachment; filename="shisaku-feedback.jsonl"'}
        return Response(
            services.feedback.export(), media_type="application/jsonl; charset=utf-8", headers=headers
        )


def _health(routes: APIRouter, services: Services) -> None:
    @routes.get("/healthz")
    async def alive() -> JSONResponse:
        return JSONResponse({"status": "ok"})

    @routes.get("/readyz")
    async def ready() -> JSONResponse:
        generation = services.assistant.catalog.index.generation
        if not await asyncio.to_thread(generation.path.is_dir):
            return JSONResponse({"status": "index missing"}, 503)
        return JSONResponse({"status": "ready", "generation": generation.name})
