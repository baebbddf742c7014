"""Who may talk to the studio: this machine, this page, and with a password others."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "::1")
LARGEST_BODY = 1_000_000  # bytes of a request; nothing is uploaded
# Nothing is loaded from elsewhere, and no text becomes a script.
HEADERS = [
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        b"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]


class Guard:
    """Refuse requests of other hosts, other origins and without the password.

    Parameters
    ----------
    app : ASGI application
    hosts : sequence of str
        Names in the header Host under which the studio may be asked; with a foreign name, a page
        elsewhere could have had its own name point to this machine.
    password : str or None
        Asked for by HTTP basic authentication; any user name will do.
    """

    def __init__(self, app: ASGIApp, hosts: Sequence[str], password: str | None) -> None:
        self.app, self.hosts, self.password = app, hosts, password

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with a refusal."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # there are no websockets
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = {key.decode("latin-1"): v.decode("latin-1") for key, v in scope["headers"]}
        refusal = self.refusal(scope["method"], headers)
        if refusal is not None:
            await refusal(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *HEADERS]
            await send(message)

        await self.app(scope, receive, send_with_headers)

    def refusal(self, method: str, headers: dict[str, str]) -> PlainTextResponse | None:
        """The answer to a request with these headers that is not allowed, None if it is."""
        host = headers.get("host", "")
        if not self.knows(f"//{host}"):
            words = f"The studio does not answer for {host!r}. Use its address in numbers."
            return PlainTextResponse(words, 421)
        origin = headers.get("origin")
        site, mode = headers.get("sec-fetch-site"), headers.get("sec-fetch-mode")
        # A browser says where a request comes from. Links and bookmarks may lead to the page.
        is_foreign = site not in (None, "same-origin", "none") and mode != "navigate"
        if is_foreign or (origin is not None and urlsplit(origin).netloc != host):
            return PlainTextResponse("The studio answers its own page only.", 403)
        if method == "POST":
            if headers.get("content-type", "").split(";")[0] != "application/json":
                return PlainTextResponse("Send JSON.", 415)
            length = headers.get("content-length", "")
            if not length.isdecimal() or int(length) > LARGEST_BODY:
                return PlainTextResponse(f"At most {LARGEST_BODY} bytes, and say how many.", 413)
        if self.password is not None and not self.is_right(headers.get("authorization", "")):
            ask = {"WWW-Authenticate": 'Basic realm="equipoise studio", charset="UTF-8"'}
            return PlainTextResponse("The studio asks for its password.", 401, ask)
        return None

    def knows(self, address: str) -> bool:
        """Whether the host of an address is one of ours, or an address in numbers.

        A page elsewhere can have a name point to this machine, but not a number.
        """
        try:
            host = urlsplit(address).hostname or ""
            return host in self.hosts or bool(ip_address(host))
        except ValueError:
            return False

    def is_right(self, authorization: str) -> bool:
        """Whether the header has the password."""
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            given = base64.b64decode(value, validate=True).partition(b":")[2]
        except (binascii.Error, ValueError):
            return False
        return secrets.compare_digest(given, (self.password or "").encode())
