"""An example or two of each command, which its `--help` ends with."""

_STORE = "--store sqlite:evidence.sqlite"
_LINES = {
    "tick": (
        f"{_STORE} --tenant acme --generate ./make-report",
        f"{_STORE} --all --jobs 8 --report-file report.json --record ticks.jsonl",
    ),
    "audit": ("sqlite:evidence.sqlite", "export.jsonl --tenants tenants.txt --json"),
    "import": (f"export.jsonl {_STORE} --dry-run", f"export.jsonl {_STORE}"),
    "status": (_STORE, f"{_STORE} --html status.html"),
    "repair": (
        f"{_STORE} --tenant acme --installed-at 2026-01-03T16:04:28.229Z",
        f"{_STORE} --tenant acme --attempts AUTO_12H=0 --attempts AUTO_24H=0",
    ),
    "forget": (f"{_STORE} --tenant acme",),
    "vectors": ("--out vectors",),
}


def examples(command: str) -> str:
    """The end of the command's help; `\\b` keeps its lines as they are."""
    return "\n".join(("\b", "Examples:", *(f"  evidence {command} {line}" for line in _LINES[command])))
