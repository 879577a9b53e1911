"""What the command writes as a page: the report of what was run, and the explorer of a trace."""
