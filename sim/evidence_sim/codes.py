"""The numbers of actions, answers, phases and outcomes in digests. Append only: they are a format."""

from enum import IntEnum


class ActionCode(IntEnum):
    """What kind of action; an answer has the code of the phase that it answers."""

    START = 0
    LAND = 1
    CRASH = 2
    CLOCK = 3
    OUTSIDE = 4
    STATUS_READ = 5
    STATUS_OPEN = 6
    EVIDENCE_READ = 7
    EVIDENCE_PUT = 8
    EVIDENCE_VERIFY = 9
    TIMESTAMP_READ = 10
    LEDGER_READ = 11
    DONE_READ = 12
    CLAIM = 13
    CLAIM_VERIFY = 14
    GENERATE = 15
    PUBLISH = 16
    PUBLISH_VERIFY = 17
    SETTLE = 18
    STATUS_CLOSE = 19
    ATTEMPT_PUT = 20
    METRICS_READ = 21
    METRICS_PUT = 22
    END = 23
    SETTLE_READ = 24


class AnswerCode(IntEnum):
    """What the store did and said; or what happened to a record from outside."""

    NONE = 0
    OK = 1
    FAILED = 2
    FAILED_LATER = 3
    FAILED_YES = 4
    LATER = 5
    UNKNOWN_NO = 6
    UNKNOWN_YES = 7
    UNKNOWN_LATER = 8
    STALE = 9
    CORRUPT = 10
    TORN = 11
    LOST = 12
    TWICE = 13
    ELSEWHERE = 14
    DELETE = 15
    EXPIRE = 16
    REPAIR = 17
    FORGET = 18


class OutcomeCode(IntEnum):
    """How a tick ended with this action; NONE where it did not, DIED where it raised."""

    NONE = 0
    REFUSED = 1
    SKIPPED = 2
    EVIDENCE_IN_FUTURE = 3
    NOT_DUE = 4
    ALREADY_DONE = 5
    BACKOFF = 6
    CONTENDED = 7
    GENERATED = 8
    GENERATION_FAILED = 9
    STORE_FAILED = 10
    LEDGER_INVALID = 11
    DIED = 12


# How a label spells an answer code.
SPELLING = {code: code.name.lower().replace("_", "-") for code in AnswerCode}
SPELLED = {text: code for code, text in SPELLING.items()}
# How a label spells a phase: StatusRead for STATUS_READ.
PHASES = tuple(code.name for code in ActionCode if code >= ActionCode.STATUS_READ and code != ActionCode.END)
CAMEL = {name: name.title().replace("_", "") for name in PHASES}
FROM_CAMEL = {text: name for name, text in CAMEL.items()}
