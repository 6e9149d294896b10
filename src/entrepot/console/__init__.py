"""The console: web pages for the operators of a server."""
