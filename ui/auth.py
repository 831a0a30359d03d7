"""Who may do what: an optional password for visitors, one that administration always needs.

Passwords come from the environment only. They are compared in constant time and never logged.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
import os
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from indexer.errors import UserError

Role = Literal["visitor", "admin"]

VISITOR_VARIABLE = "SHISAKU_PASSWORD"
ADMIN_VARIABLE = "SHISAKU_ADMIN_PASSWORD"
SESSION_COOKIE = "shisaku_session"
SESSION_SECONDS = 12 * 60 * 60
MAX_SESSIONS = 10_000
SHORTEST_PASSWORD = 8


@dataclass
class Access:
    """The two passwords and the sessions that were opened with them."""

    visitor_password: str | None = field(default=None, repr=False)
    admin_password: str | None = field(default=None, repr=False)
    _sessions: OrderedDict[str, tuple[Role, float]] = field(default_factory=OrderedDict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Access:
        """The passwords of the environment. Raises UserError for one that is too short."""
        found: dict[str, str | None] = {}
        for name in (VISITOR_VARIABLE, ADMIN_VARIABLE):
            value = environment.get(name) or None
            if value is not None and len(value) < SHORTEST_PASSWORD:
                raise UserError(f"{name} は{SHORTEST_PASSWORD}文字以上にしてください。")
            found[name] = value
        return cls(found[VISITOR_VARIABLE], found[ADMIN_VARIABLE])

    @property
    def visitors_need_password(self) -> bool:
        return self.visitor_password is not None

    @property
    def administration(self) -> bool:
        """Whether anyone can administer at all."""
        return self.admin_password is not None

    def role_for(self, password: str) -> Role | None:
        """The role that ``password`` opens."""
        given = password.encode("utf-8", "replace")
        if self.admin_password is not None and hmac.compare_digest(given, self.admin_password.encode()):
            return "admin"
        if self.visitor_password is not None and hmac.compare_digest(given, self.visitor_password.encode()):
            return "visitor"
        return None

    def open_session(self, role: Role) -> str:
        """A new session's secret token."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._sessions[token] = (role, time.monotonic() + SESSION_SECONDS)
            while len(self._sessions) > MAX_SESSIONS:
                self._sessions.popitem(last=False)
        return token

    def close_session(self, token: str) -> None:
        with self._lock:
            self._sessions.pop(token, None)

    def role(self, token: str | None, authorization: str | None) -> Role | None:
        """What a request may do, by its session or its Basic password; visitors may be let in freely."""
        session = self._session_role(token) or self._basic_role(authorization)
        return session or (None if self.visitors_need_password else "visitor")

    def _session_role(self, token: str | None) -> Role | None:
        if not token:
            return None
        with self._lock:
            role, until = self._sessions.get(token, (None, 0.0))
            if role is not None and until < time.monotonic():
                del self._sessions[token]
                return None
        return role

    def _basic_role(self, authorization: str | None) -> Role | None:
        """HTTP Basic, for programs: any user name, the password decides."""
        scheme, _, encoded = (authorization or "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            decoded = base64.b64decode(encoded, validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            return None
        return self.role_for(decoded.partition(":")[2])


def is_loopback(host: str) -> bool:
    """Whether a server bound to ``host`` can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_binding(host: str, access: Access, open_to_network: bool = False) -> None:
    """Refuse to serve beyond this machine without a password, unless told explicitly."""
    if is_loopback(host) or access.visitors_need_password or open_to_network:
        return
    raise UserError(
        f"{host} で公開するにはパスワードが必要です。環境変数 {VISITOR_VARIABLE} を設定するか、"
        "だれでも使えるようにしてよい場合は --open-to-network を付けてください。"
    )
