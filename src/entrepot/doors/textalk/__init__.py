"""The Textalk door: a whole webshop over JSON-RPC 2.0, on HTTP and WebSocket."""
