"""The failure catalogue as pages: each failure once, how every door says it, and how it comes about there."""
