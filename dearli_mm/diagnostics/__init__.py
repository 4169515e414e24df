"""The environment, the data, and what a training step costs."""
