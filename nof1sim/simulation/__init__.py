"""The driver: protocol -> dataset. The verbs below it do not know each other; this package carries the messages."""
