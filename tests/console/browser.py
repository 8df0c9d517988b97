"""A browser as far as the console sees it: it keeps the cookie, and says where a request comes from."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from http.cookies import SimpleCookie
from typing import Any

import aiohttp


@dataclass
class Answer:
    """What came back."""

    status: int
    text: str
    headers: Any

    @property
    def plain(self) -> str:
        """The text that a person reads."""
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", self.text)).split())


@dataclass
class Browser:
    """One browser at ``origin``, whose requests go to the port of the console under test."""

    http: aiohttp.ClientSession
    port: int
    origin: str
    authorization: str = ""  # what a proxy in between puts on
    cookies: dict[str, str] = field(default_factory=dict)

    def headers(self, **more: str) -> dict[str, str]:
        """What each request has; ``more`` takes the place of some, and an empty one leaves it out."""
        found = {"Host": self.origin.partition("://")[2], "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}
        found |= {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        found |= {"Authorization": self.authorization}
        found |= {name.replace("_", "-"): value for name, value in more.items()}
        return {name: value for name, value in found.items() if value}

    async def get(self, path: str, **headers: str) -> Answer:
        """Go to a page."""
        return await self._ask("GET", path, self.headers(**headers), None)

    async def post(self, path: str, form: dict[str, str], **headers: str) -> Answer:
        """Send a form as it stands."""
        return await self._ask("POST", path, self.headers(**{"Origin": self.origin, **headers}), form)

    async def press(self, page: str, path: str, **headers: str) -> Answer:
        """Press the button of a form on ``page`` that goes to ``path``: its session token is sent with it."""
        return await self.post(path, {"session_token": token_of((await self.get(page)).text)}, **headers)

    async def sign_in(self, token: str) -> Answer:
        """Paste a token."""
        return await self.post("/sign-in", {"bearer": token, "target": "/patterns"})

    async def _ask(self, method: str, path: str, headers: dict[str, str], form: dict[str, str] | None) -> Answer:
        url = f"http://127.0.0.1:{self.port}{path}"
        async with self.http.request(method, url, headers=headers, data=form, allow_redirects=False) as response:
            for line in response.headers.getall("Set-Cookie", ()):
                for name, morsel in SimpleCookie(line).items():
                    self.cookies[name] = morsel.value
            return Answer(response.status, await response.text(), response.headers)

    @asynccontextmanager
    async def stream(self, path: str) -> AsyncIterator["Events"]:
        """A live part of a page, as long as the block runs."""
        headers = self.headers(Sec_Fetch_Mode="cors", Accept="text/event-stream")
        async with self.http.get(f"http://127.0.0.1:{self.port}{path}", headers=headers) as response:
            yield Events(response.content)


@dataclass
class Events:
    """The events of a stream."""

    content: aiohttp.StreamReader

    async def next(self) -> tuple[str, str]:
        """The next event: its name and data; comments are passed over. ``("end", "")`` after the last."""
        name, data = "", []
        while line := (await self.content.readline()).decode():
            match line.rstrip("\n").partition(": "):
                case ("event", _, name):
                    pass
                case ("data", _, text):
                    data.append(text)
                case ("data:", "", ""):
                    data.append("")
                case ("", "", "") if name:
                    return name, "\n".join(data)
                case _:
                    pass
        return "end", ""

    async def until(self, name: str, *words: str) -> str:
        """The data of the next event of this name that has these words."""
        while True:
            found, data = await self.next()
            if found == name and all(word in data for word in words):
                return data
            assert found != "end", f"the stream ended without {name} {words}"


def token_of(page: str) -> str:
    """The session token that the forms of a page send."""
    found = re.search(r'name="session_token" value="([^"]+)"', page)
    assert found, page
    return found[1]
