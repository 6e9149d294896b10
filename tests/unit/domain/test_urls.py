"""Addresses in the web: a scheme, a host, and perhaps a port, as RFC 3986 has them."""

import pytest

from entrepot.domain.kernel.urls import is_web_url


@pytest.mark.parametrize(
    "url",
    [
        "http://a",
        "https://a.example/b?c=d#e",
        "HTTPS://A.EXAMPLE/",
        "http://a.example:65535/x",
        "http://a?x",
        "http://user:word@a.example/",
        "http://[::1]/",
        "http://[::1]:80/",
        "http://192.0.2.1",
        "http://m\u00e5lar.example/\u00e4",
    ],
)
def test_a_url_of_the_web(url: str) -> None:
    assert is_web_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.example",
        "//a.example",
        "http:a",
        "http://",
        "http:///x",
        "http://?x",
        "http://:80/",
        "http://@/",
        "http://a:0/",
        "http://a:65536/",
        "http://a:x/",
        "http://[::1",
        "http://::1]/",
        "http://[zz]/",
        "ftp://a",
        "javascript:x",
        "http://a b",
        " http://a",
        "http://a\n",
        "http://a\\b",
        "http://a/<b>",
        "http://a\x00",
    ],
)
def test_no_url_of_the_web(url: str) -> None:
    assert not is_web_url(url)
