"""What the command line does and shows of the user's own photographs."""
