"""The formal specification beside the code: runs the model checker, and holds its graph against the explorer's."""
