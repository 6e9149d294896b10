"""What carries the calls: HTTP POST and WebSocket, on one path."""
