"""What the vectors' cases are made of: inputs only; every verdict on them is the kernel's."""

from typing import Any

from evidence_kernel import Trigger
from evidence_kernel.records.encoding import MAX_DEPTH
from evidence_kernel.records.instants import EARLIEST, LATEST, format_instant
from evidence_kernel.schedule import HOUR, MINUTE

TENANT = "c5b189a5-7cea-4038-9941-000000000000"
TICK = "tick-1"
NOW = 1_767_456_000_000  # 2026-01-03T16:00:00.000Z

INSTANTS = (
    "2026-01-03T16:04:28.229Z",
    "2026-01-03T16:04:28Z",
    "2026-01-03T16:04:28.9999999Z",
    "2026-01-03T16:04:28.5+05:30",
    "2026-01-03T00:15:00-12:45",
    "2024-02-29T00:00:00Z",
    "2026-02-29T00:00:00Z",
    "2026-04-31T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "1969-12-31T23:59:59.999Z",
    format_instant(EARLIEST),
    format_instant(LATEST),
    "0001-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59-00:01",
    "0000-01-01T00:00:00Z",
    "2026-01-03T24:00:00Z",
    "2026-01-03T16:04:60Z",
    "2026-01-03T16:04:28z",
    "2026-01-03 16:04:28Z",
    "2026-01-03T16:04:28",
    "2026-01-03T16:04:28.Z",
    "2026-01-03T16:04:28+24:00",
    "2026-W01-6T16:04:28Z",
    "2026-01-03T16:04:2\u0668Z",
    "",
)
INSTALLED = (EARLIEST + HOUR, 0, NOW, 951_782_400_000)  # 2000-02-29 the last
ATTEMPTS = (0, 1, 2, 3, 4, 2**53 - 1)
EVIDENCES = (
    *(f'{{"installed_at":"{text}"}}'.encode() for text in INSTANTS),
    b"",
    b"null",
    b"{}",
    b"[]",
    b'""',
    b'{"installed_at":1}',
    b'{"installed_at":null}',
    b'{"installed_at":"2026-01-03T16:04:28Z"',
    b'{"installed_at":"2026-01-03T16:04:28Z"} x',
    b' {"installed_at":"2026-01-03T16:04:28Z"}\n',
    b'\x0b{"installed_at":"2026-01-03T16:04:28Z"}',
    b'\xef\xbb\xbf{"installed_at":"2026-01-03T16:04:28Z"}',
    b'{"installed_at":"2026-01-03T16:04:28Z","x":"\xff"}',
    b'{"installed_at":"2026-01-03T16:04:28Z","x":"\n"}',
    b'{"installed_at":"2026-01-03T16:04:28Z","x":NaN}',
    b'{"installed_at":"2026-01-03T16:04:28Z","x":-Infinity}',
    b'{"installed_at":"2026-01-03T16:04:28Z","x":1e309}',
    b'{"installed_at":"2026-01-03T16:04:28Z","x":01}',
    b'{"installed_at":"2026-01-03T16:04:28Z","x":1e308}',
    b'{"installed_at":"2026-01-03T16:04:28Z","x":{"y":1,"y":1}}',
    b'{"installed_at":"2026-01-03T16:04:28Z","__proto__":1}',
    b'{"installed_at":"2026-01-03T16:04:28Z","installed_at":"2026-01-03T16:04:28Z"}',
    b'{"installed_at":"2026-01-03T16:04:28Z","x":' + b"[" * (MAX_DEPTH - 1) + b"]" * (MAX_DEPTH - 1) + b"}",
    b'{"installed_at":"2026-01-03T16:04:28Z","x":' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}",
)
CONTEXTS: tuple[Any, ...] = (
    {"cloudId": TENANT},
    {"cloudId": TENANT.upper()},
    {"cloudId": f"ari:cloud:jira::site/{TENANT}"},
    {"cloudId": "acme"},
    {"cloudId": "ari:cloud:jira::site/acme"},
    {"cloudId": " acme"},
    {"cloudId": "acme\u3000"},
    {"cloudId": "a b/c:d%"},
    {"cloudId": "a\u200bb"},
    {"cloudId": "a\u0000b"},
    {"cloudId": "\ud800"},
    {"cloudId": ""},
    {"cloudId": "x" * 128},
    {"cloudId": "x" * 129},
    {"cloudId": "\u00e4" * 36},
    {"cloudId": "\u00e4" * 37},
    {"cloudId": "\U0001f600"},
    {"cloudId": 7},
    {"cloudId": None},
    {"installContext": f"ari:cloud:confluence:x:site/{TENANT.upper()}", "cloudId": "acme"},
    {"installContext": None, "installationContext": f"ari:cloud:jira::site/{TENANT}"},
    {"installContext": "", "cloudId": "acme"},
    {"installContext": 0, "cloudId": "acme"},
    {"installContext": TENANT, "cloudId": "acme"},
    {"installationContext": f"ari:cloud:jira:a/b:site/{TENANT}"},
    {"installationContext": f"ari:cloud:jira::site/{TENANT}/x"},
    {},
    None,
    [],
    "acme",
)
TENANTS = (TENANT, "acme", "state", "a b", "a:b", "AUTO_12H:DONE", "100%", "!*'()~._-", "\u00e4\u00df", "\U0001f600")


def ledger(**fields: object) -> str:
    """A ledger's text with one entry for each trigger."""
    inner = ",".join(f'"{name}":{text}' for name, text in fields.items())
    return "{" + ",".join(f'"{trigger.value}":{{{inner}}}' for trigger in Trigger) + "}"


_SOON, _LATER = (f'"{format_instant(NOW + minutes * MINUTE)}"' for minutes in (1, 60))
WAITING, RETRYING, IMPLAUSIBLE, FREE = (
    text.encode()
    for text in (
        ledger(attempts=1, backoff_until=_SOON),
        ledger(attempts=1, backoff_until=_SOON, last_error="{}"),
        ledger(attempts=1, backoff_until=_LATER),
        ledger(attempts=3, backoff_until=f'"{format_instant(NOW)}"'),
    )
)
LEDGERS = (
    WAITING,
    RETRYING,
    IMPLAUSIBLE,
    FREE,
    b"{}",
    b'{"AUTO_12H":{}}',
    '{"z":1.0,"\U0001f600":2,"\uffee":[1e5,1e16,0.00001,-0],"AUTO_12H":{"x":"\u00e4\\ud800"}}'.encode(),
    ledger(attempts=2**53 - 1).encode(),
    ledger(attempts=2**53).encode(),
    ledger(attempts="1.0").encode(),
    ledger(attempts=-1).encode(),
    ledger(attempts="true").encode(),
    ledger(attempts="null").encode(),
    ledger(backoff_until='"soon"').encode(),
    ledger(generated_at="1").encode(),
    ledger(claimed_by="1").encode(),
    ledger(last_error='"x"').encode(),
    b'{"AUTO_24H":null}',
    b"[]",
    b"{",
)
VALUES = (
    "null",
    "true",
    '{"b":1,"a":[ ]}',
    "[1.0,-0.0,-0,1e5,1.5e300,1e16,123456789012345680.0,1e-5,0.0001,12345678901234567890]",
    '"\\u00e4\\/\\u007f\\n\\ud83d\\ude00\\ud800"',
    '{"\U0001f600":1,"\uffee":2}',
    "1e309",
    "{",
    "nul",
)
REPORTS = (b"null", b'{"findings":3}', b"[1.0,12345678901234567890]", b'"\\u00e4"', b"{", b"", b'{"a":1,"a":1}')
_STATUS = (
    '{"closed_at":"2026-01-03T15:55:00.000Z","evidence":"VALID","installed_at":"2026-01-01T00:00:00.000Z",'
    '"last_check_at":"2026-01-03T15:55:00.000Z","last_success_at":"2026-01-03T15:55:00.000Z","outcome":"NOT_DUE",'
    '"reason":"nothing_due","tick_id":"tick-0","trigger":null}'
)
STATUSES = tuple(
    text.encode()
    for text in (
        _STATUS,
        _STATUS.replace(",", " , ").replace("{", '{"more":1,'),
        _STATUS.replace("NOT_DUE", "DUE"),
        _STATUS.replace("2026", "26"),
        _STATUS.replace('"tick-0"', "null"),
        _STATUS.replace('"trigger":null', '"trigger":1'),
        "{}",
        "",
    )
)
