"""What goes out to others: messages of the outbox, and events that are told again."""
