"""What is left of a run: its folder, its activity, its weights and where they came from."""
