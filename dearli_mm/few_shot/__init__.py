"""Few labels: which images to label, and all the way from there."""
