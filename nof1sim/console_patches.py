"""What `nof1sim patches` says on a terminal."""
