"""Requests that the studio refuses, and files that it does not touch."""

import base64

import pytest

from equipoise.studio.errors import StudioError
from equipoise.studio.guard import Guard
from equipoise.studio.pen import SILENCE, Pen
from equipoise.studio.places import inside, refuse_ways_out
from equipoise.studio.sources import find_sources, pick

OURS = {"host": "127.0.0.1:8765"}
POST = {**OURS, "content-type": "application/json", "content-length": "2"}


def status(method, headers, password=None):
    guard = Guard(None, ["127.0.0.1", "localhost", "::1"], password)
    refusal = guard.refusal(method, headers)
    return 200 if refusal is None else refusal.status_code


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8765", "localhost", "[::1]:8765", "LOCALHOST:1", "192.0.2.7:1"]
)
def test_own_names_are_answered(host):
    assert status("GET", {"host": host}) == 200


@pytest.mark.parametrize("host", ["", "evil.example", "127.0.0.1.evil.example:8765", "[", "a:b:c"])
def test_a_foreign_host_is_refused(host):
    assert status("GET", {"host": host}) == 421


@pytest.mark.parametrize(
    "more",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
        {"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"},
    ],
)
def test_a_foreign_origin_is_refused(more):
    assert status("POST", POST | more) == status("GET", OURS | more) == 403


def test_own_requests_and_links_are_answered():
    own = {"origin": "http://127.0.0.1:8765", "sec-fetch-site": "same-origin"}
    assert status("POST", POST | own) == 200
    assert (
        status("GET", OURS | {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}) == 200
    )


def test_only_small_json_is_taken():
    assert status("POST", POST | {"content-type": "text/plain"}) == 415
    assert status("POST", POST | {"content-length": "1000001"}) == 413
    assert status("POST", {k: v for k, v in POST.items() if k != "content-length"}) == 413


@pytest.mark.parametrize("given", ["", "Basic", "Basic ?", "Bearer c2VjcmV0", "wrong", "right"])
def test_password(given):
    if given in ("wrong", "right"):
        text = "me:a:secret" if given == "right" else "me:secret"
        given = "Basic " + base64.b64encode(text.encode()).decode()
        expected = 200 if text == "me:a:secret" else 401
    else:
        expected = 401
    assert status("GET", OURS | {"authorization": given}, "a:secret") == expected


def test_paths_outside_are_refused(tmp_path):
    root, other = tmp_path / "root", tmp_path / "other"
    (root / "cats").mkdir(parents=True)
    other.mkdir()
    assert inside(root / "cats", [root]) == root / "cats"
    for path in (root / ".." / "other", tmp_path, other):
        with pytest.raises(StudioError, match="outside the folders"):
            inside(path, [root])
    (root / "cats" / "link").symlink_to(other)
    with pytest.raises(StudioError, match="outside the folders"):
        refuse_ways_out(root, [root])
    refuse_ways_out(root, [root, other])


def test_only_what_is_offered_can_be_opened(tmp_path):
    outside = tmp_path / "outside"
    runs, data = tmp_path / "runs", tmp_path / "data"
    for folder in (outside / "a", outside / "b", runs, data):
        folder.mkdir(parents=True)
    for name in ("a", "b"):
        (outside / name / "1.png").touch()
    (data / "link").symlink_to(outside)
    (data / "table.csv").write_text("x,y\n1,a\n2,b\n")
    sources = find_sources([data], runs)
    assert {(s.kind, s.name) for s in sources} >= {
        ("builtin", "digits"),
        ("table", "data/table.csv"),
    }
    assert not [s for s in sources if s.kind == "folder"]
    assert [s.name for s in find_sources([outside], runs) if s.kind == "folder"] == ["outside"]
    for name in ("../../x", "data/link", "/etc/passwd"):
        with pytest.raises(StudioError, match="There is no"):
            pick(sources, "folder", name)


def test_the_pen_is_free_after_a_silence():
    now = [0.0]
    pen = Pen(lambda: now[0])
    assert pen.held_by("a") and not pen.held_by("b") and not pen.held_by("")
    now[0] += SILENCE + 1
    assert pen.held_by("b") and not pen.held_by("a")
