"""The webshop itself: its methods of payment and delivery, listeners, tokens and administrators."""
