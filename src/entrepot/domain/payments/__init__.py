"""Methods of payment, captures and refunds."""
