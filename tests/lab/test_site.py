"""What a lab's web server shows, without a socket (RFC 9110)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postlib.lab.site import Page, Site, answer

HOST = "www.auroria.post"
HOME = Page(body=b"Letters, parcels, stamps.\n")


@pytest.mark.parametrize(
    "made",
    [
        lambda: Page(101),
        lambda: Page(204, body=b"x"),
        lambda: Page(headers=(("Content-Length", "5"),)),
        lambda: Page(headers=(("X", "a\r\nSet-Cookie: b"),)),
        lambda: Page(headers=(("X Y", "a"),)),
        lambda: Site((HOST,), personality="ssl2"),
        lambda: Site((HOST,), hsts="a\nb"),
        lambda: Site(("WWW.auroria.post",)),
        lambda: Site(()),
    ],
)
def test_a_page_or_site_that_cannot_be_served_is_refused_at_once(made: Any) -> None:
    with pytest.raises(ValueError):
        made()


@given(st.text(max_size=30), st.text(max_size=30), st.booleans())
def test_every_target_has_an_answer(host: str, path: str, secure: bool) -> None:
    site = Site((HOST,), {"/": HOME}, redirect=False)
    assert answer(site, "GET", host, path, secure=secure).status == (200 if path.partition("?")[0] == "/" else 404)


@pytest.mark.parametrize("over_http", [False, True])
def test_hsts_goes_over_plain_http_only_where_a_site_is_told_so(over_http: bool) -> None:
    """RFC 6797, section 7.2, forbids it: so it is a fault, and the redirection carries it."""
    page = answer(Site((HOST,), {"/": HOME}, hsts="max-age=1", hsts_over_http=over_http), "GET", HOST, "/", secure=False)
    assert (page.status, "Strict-Transport-Security" in dict(page.headers)) == (301, over_http)
