# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Who may look: the address, the token, and what foreign web pages must not do."""

import hashlib
import hmac
import math
import socket
from urllib.parse import urlsplit

from aiohttp import web

from reachy_mini_ros.errors import SetupError
from reachy_mini_ros.hosts import is_literal, is_loopback
from reachy_mini_ros.web.guesses import Guesses

MINIMUM_TOKEN_LENGTH = 8
LOCAL_ENDS = (".local", ".lan", ".internal", ".home.arpa")
"""Ends of names that nobody on the internet can give an address."""
READING = ("GET", "HEAD", "OPTIONS")

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' blob:; media-src 'self' blob:; manifest-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Sent with every answer: nothing foreign in the page, the page in nothing foreign."""


class Access:
    """Decides on each request.

    On loopback the Host header must name this machine, so that a foreign page cannot reach the
    dashboard by giving its own name a loopback address (DNS rebinding). Elsewhere a token is
    needed: once as ``?token=``, which the page trades for a cookie, or with each request, there or
    as ``Authorization: Bearer``; who gives a wrong one again and again has to wait. Requests that
    change anything, and WebSockets, which browsers open to any site, must come from the own page,
    or from no page at all. Where everybody may look without a token, the Host header must be an
    address or a name of the local network, for the same reason as on loopback.

    Raises SetupError for an address that others can reach without a token, or a short one.
    """

    def __init__(self, address: str, port: int, token: str, public: bool = False) -> None:
        """``public``: without a token everybody is let in, as nothing can be changed then."""
        self._loopback = is_loopback(address)
        self._public = public and not token and not self._loopback
        if token and len(token) < MINIMUM_TOKEN_LENGTH:
            raise SetupError(f"the token is shorter than {MINIMUM_TOKEN_LENGTH} characters")
        if not token and not self._loopback and not public:
            raise SetupError(
                f"the dashboard is not opened on {address} without a token, because anybody there "
                "could look: set the parameter 'token_file', or 'address' to 127.0.0.1"
            )
        self._token = token.encode()
        self._guesses = Guesses()
        # Cookies do not know ports: two dashboards on one machine must not take each other's.
        self._cookie = f"reachy_mini_dashboard_{port}"
        self._pass = hmac.digest(self._token, b"cookie of the dashboard", hashlib.sha256).hex()

    def check(self, request: web.Request) -> None:
        """Raise the HTTP error, with its reason, that a request not allowed is answered with."""
        if self._loopback and not is_loopback(_host(request)):
            raise web.HTTPForbidden(
                text="the Host header does not name this machine: open http://localhost instead"
            )
        if self._public and not _is_own_name(_host(request)):
            raise web.HTTPForbidden(
                text="the Host header is no name of this network: open the robot's address instead"
            )
        if _for_foreign_page(request):
            raise web.HTTPForbidden(text="requests from other sites' pages are refused")
        changes = request.method not in READING or "Upgrade" in request.headers
        if changes and not _same_origin(request):
            raise web.HTTPForbidden(text="the Origin header is not this dashboard's own")
        if self._token and not self._has_cookie(request):
            self._check_token(request)

    def _check_token(self, request: web.Request) -> None:
        wait_s = self._guesses.wait_s(request.remote)
        given = "token" in request.query or "Authorization" in request.headers
        if given and wait_s:  # not even looked at, so that nothing is learnt from trying
            raise web.HTTPTooManyRequests(
                headers={"Retry-After": str(math.ceil(wait_s))},
                text=f"too many wrong tokens came from there: wait {math.ceil(wait_s)} s",
            )
        if self.has_token(request) or self._has_bearer(request):
            self._guesses.right(request.remote)
            return
        if given:
            self._guesses.wrong(request.remote)
        raise web.HTTPUnauthorized(
            text="a token is needed: open /?token=... once, or send Authorization: Bearer ..."
        )

    def has_token(self, request: web.Request) -> bool:
        """Tell whether the address of the request carries the token."""
        return bool(self._token) and self._is_token(request.query.get("token", ""))

    def grant(self, request: web.Request, response: web.StreamResponse) -> None:
        """Give the browser the cookie that stands for the token; it does not contain it."""
        # Lax, not strict: a link with the token may be opened from a chat or a mail.
        response.set_cookie(
            *(self._cookie, self._pass),
            path="/",
            secure=request.secure,
            httponly=True,
            samesite="Lax",
        )

    def _has_bearer(self, request: web.Request) -> bool:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self._is_token(given.strip())

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(errors="surrogateescape"), self._token)

    def _has_cookie(self, request: web.Request) -> bool:
        given = request.cookies.get(self._cookie, "").encode(errors="surrogateescape")
        return hmac.compare_digest(given, self._pass.encode())


def _for_foreign_page(request: web.Request) -> bool:
    """Tell whether a page of another site or port asked, for itself or for a frame in it.

    It could not read the answer, but it could switch the camera on. A link to here, which opens
    where the page was, is a person's wish. Only browsers tell these.
    """
    headers = request.headers
    if headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin"):
        return False
    kind = headers.get("Sec-Fetch-Mode"), headers.get("Sec-Fetch-Dest", "document")
    return kind != ("navigate", "document")


def _same_origin(request: web.Request) -> bool:
    """Tell whether a page of this host sent the request, or a program that is no browser."""
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    scheme, _, host = origin.partition("://")
    return scheme in ("http", "https") and host.lower() == request.headers.get("Host", "").lower()


def _is_own_name(host: str) -> bool:
    """Tell whether a name cannot be one that a foreign page gave this machine's address."""
    own = socket.gethostname().lower()
    return (
        is_literal(host)
        or host.lower() in ("localhost", own, own.partition(".")[0])
        or host.lower().endswith(LOCAL_ENDS)
    )


def _host(request: web.Request) -> str:
    try:
        return urlsplit(f"//{request.headers.get('Host', '')}").hostname or ""
    except ValueError:
        return ""
