"""Card payments: one port, the Stripe adapter, and a simulated bank with accounts and balances."""
