"""From a folder of photos and a few labels to a trained network."""
