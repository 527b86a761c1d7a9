"""What `nof1sim learn` says on a terminal."""
