"""What is different between two versions: cells, values, files, packages and metrics, each by its own rule."""
