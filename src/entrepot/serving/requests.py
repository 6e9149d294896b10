"""Reading requests off connections."""

import sys

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_NO_SUCH_METHOD = (
    b"HTTP/1.1 405 Method Not Allowed\r\nallow: DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


class RequestReader(HttpToolsProtocol):
    """Reads requests; a method that HTTP does not know is refused as one, and not as a broken request."""

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be read."""
        if isinstance(sys.exc_info()[1], httptools.HttpParserInvalidMethodError):
            self.transport.write(_NO_SUCH_METHOD)
            self.transport.close()
        else:
            super().send_400_response(msg)
