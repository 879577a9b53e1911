-------------------------------- MODULE Tick --------------------------------
(* Ticks of one tenant on one host, from EVIDENCE_READ to SETTLE, as protocol.md has them.

An action is named as the simulator's labels name it, and `k` is what came of it: EvidenceRead("t1",
"stale:1") is EvidenceRead(a,1):stale:1. A variable that is primed is the variable after the action; the
rest of the page is sets, records and functions. What is left out: the status record (see Status.tla) and
reports' contents. Schedule, records and store are in Store.tla.

A version is never compared but with the one that is current: so instead of versions every holder of one
has a mark, whether it is `current`, and each write of the ledger takes it away from all of them. *)
EXTENDS Store

CONSTANTS
  N,           \* how many ticks start
  Faults,      \* how many faults happen in all, crashes included
  Steps,       \* how many steps the clock makes
  ClockSteps,  \* the steps that it may make, in minutes
  Begins,      \* what the evidence may be at first, as Store has it
  Reads,       \* what may come of a read beside "ok"
  Writes,      \* what may come of a write beside "ok"
  Corrupts     \* whether records may be spoilt from outside

VARIABLES
  T,       \* the ticks
  late,    \* puts that were answered with "unknown" and may still be applied
  audits,  \* the records that audit lines announced, in order
  calls,   \* how often the generator was asked, per trigger
  now,     \* the clock of the host
  steps,   \* how many steps the clock may still make
  wrong    \* the invariants that a tick broke by how it ended; S13, S18 and L1 speak of ends

vars == <<T, store, late, audits, calls, now, faults, steps, wrong>>
-----------------------------------------------------------------------------
(* Ticks. *)
Order == <<"t1", "t2", "t3", "t4", "t5", "t6">>
Ticks == {Order[i] : i \in 1..N}
Id(t) == IF Flaw = "shared ids" THEN "t1" ELSE t
Backfill == {"EVIDENCE_READ", "EVIDENCE_PUT", "EVIDENCE_VERIFY"}
Flying(t) == T[t].at \notin {"new", "over"}
Success == {"NOT_DUE", "ALREADY_DONE", "BACKOFF", "CONTENDED", "GENERATED"}
New == [
  at |-> "new",          \* the phase, or "new" before it and "over" after it
  hurt |-> FALSE,        \* whether a fault met it
  grounded |-> FALSE,    \* whether it read valid evidence
  put |-> Absent,        \* what it puts as evidence, until that is verified
  installed |-> 0,       \* what TIMESTAMP_READ brought, until LEDGER_READ
  trigger |-> "nothing", \* what is due
  ledger |-> Absent,     \* the ledger as it was read, then as it was claimed
  current |-> "no",      \* whether the version of that is the key's
  looked |-> 0,          \* the clock at DONE_READ, until the claim
  claims |-> 0,          \* how many claims of it were acknowledged or read back
  doubt |-> FALSE,       \* whether something failed or is undecided that S13 names
  report |-> Absent,     \* what the generator returned
  outcome |-> "none",    \* decided, but not settled
  start |-> 0]           \* the clock at its start, for the flaw "clock at start" alone
Over == [New EXCEPT !.at = "over"]

Init ==
  /\ T = [t \in Ticks |-> New]
  /\ store \in {[evidence |-> Begin(b), ledger |-> Empty, AUTO_12H |-> Empty, AUTO_24H |-> Empty] : b \in Begins}
  /\ late = {} /\ audits = <<>> /\ calls = [x \in Triggers |-> 0] /\ now = 0
  /\ faults = Faults /\ steps = Steps /\ wrong = {}
-----------------------------------------------------------------------------
(* What a tick asks of the store. *)
Get(t, phase, key, k) == T[t].at = phase /\ Read(key, k)
Put(t, phase, key, value, met, k) == T[t].at = phase /\ Write(key, value, met, k)

(* A write of the ledger makes old what others hold of it. *)
Older(x) == [x EXCEPT !.current = IF @ = "next" THEN "yes" ELSE "no"]
LedgerWritten == store'.ledger # store.ledger
Held(set) == IF LedgerWritten THEN {Older(x) : x \in set} ELSE set
Turn(t, tick) == T' = [u \in Ticks |-> IF u = t THEN tick ELSE IF LedgerWritten THEN Older(T[u]) ELSE T[u]]
Waits(t, phase, key, value, k) ==
  late' = Held(late) \cup (IF k # "unknown-later" THEN {} ELSE
            {[tick |-> t, phase |-> phase, key |-> key, val |-> value, looked |-> T[t].looked,
              current |-> IF key = "ledger" THEN T[t].current ELSE "no"]})

Goes(t, k, tick) ==
  /\ Turn(t, [tick EXCEPT !.hurt = @ \/ k # "ok"])
  /\ UNCHANGED wrong
Ends(t, k, outcome) ==
  LET success == outcome \in Success
      doubt == T[t].doubt \/ (k = "failed" /\ T[t].at # "SETTLE")
      hurt == T[t].hurt \/ k # "ok" IN
  /\ Turn(t, Over)
  /\ wrong' = wrong
       \cup (IF success /\ doubt THEN {"S13"} ELSE {})
       \cup (IF success /\ hurt /\ Flaw = "naive S13" THEN {"S13 naive"} ELSE {})
       \cup (IF outcome = "ALREADY_DONE" /\ store'[T[t].trigger].val = Absent THEN {"S18"} ELSE {})
       \cup (IF ~hurt /\ store'.evidence.val = Absent THEN {"L1"} ELSE {})
-----------------------------------------------------------------------------
(* How a tick ends with an answer; "none" where it goes on. *)
Reading(v) == IF v.is # "evidence" THEN "SKIPPED" ELSE IF v.at > now + Tolerance THEN "EVIDENCE_IN_FUTURE" ELSE "none"
Planning(v, installed) ==
  IF v = Failed THEN "STORE_FAILED" ELSE IF v \in {Torn, Spoilt} THEN "LEDGER_INVALID"
  ELSE IF Due(now - installed) = "nothing" THEN "NOT_DUE" ELSE "none"
(* The clock that a tick goes by is the one at the answer, never the one at its start. *)
Clk(t) == IF Flaw = "clock at start" THEN T[t].start ELSE now
Waiting(t) ==
  LET entry == Entries(T[t].ledger)[T[t].trigger] IN
  Running(entry, Clk(t)) /\ ~Implausible(entry, Clk(t), IF Flaw = "no tolerance" THEN 0 ELSE Tolerance)
Looking(t, v) ==
  IF v = Failed THEN "STORE_FAILED" ELSE IF v # Absent THEN "ALREADY_DONE" ELSE IF Waiting(t) THEN "BACKOFF" ELSE "none"
Claiming(said) == CASE said = "conflict" -> "CONTENDED" [] said = "failed" -> "STORE_FAILED" [] OTHER -> "none"
Outcome(t, k) ==
  CASE T[t].at = "TIMESTAMP_READ" -> Reading(Got("evidence", k))
    [] T[t].at = "LEDGER_READ" -> Planning(Got("ledger", k), T[t].installed)
    [] T[t].at = "DONE_READ" -> Looking(t, Got(T[t].trigger, k))
    [] T[t].at = "CLAIM" -> Claiming(Said(T[t].current = "yes", k))
    [] T[t].at = "CLAIM_VERIFY" -> IF Got("ledger", k) = T[t].ledger THEN "none" ELSE "STORE_FAILED"
    [] T[t].at = "SETTLE" -> T[t].outcome
    [] OTHER -> "none"
GoesOrEnds(t, k, tick) == IF Outcome(t, k) = "none" THEN Goes(t, k, tick) ELSE Ends(t, k, Outcome(t, k))
-----------------------------------------------------------------------------
(* The backfill. *)
EvidenceRead(t, k) ==
  /\ Get(t, "EVIDENCE_READ", "evidence", k)
  /\ LET v == Got("evidence", k) IN
     Goes(t, k, IF v = Absent THEN [T[t] EXCEPT !.at = "EVIDENCE_PUT", !.put = Evidence(now, Id(t))]
                ELSE [T[t] EXCEPT !.at = "TIMESTAMP_READ", !.grounded = v.is = "evidence"])
  /\ UNCHANGED <<late, audits, calls, now, steps>>

EvidencePut(t, k) ==
  LET met == store.evidence.val = Absent \/ Flaw = "plain put" IN
  /\ Put(t, "EVIDENCE_PUT", "evidence", T[t].put, met, k)
  /\ Waits(t, "EVIDENCE_PUT", "evidence", T[t].put, k)
  /\ Goes(t, k, IF Said(met, k) = "failed" THEN [T[t] EXCEPT !.at = "TIMESTAMP_READ", !.put = Absent]
                ELSE [T[t] EXCEPT !.at = "EVIDENCE_VERIFY"])
  /\ UNCHANGED <<audits, calls, now, steps>>

EvidenceVerify(t, k) ==
  /\ Get(t, "EVIDENCE_VERIFY", "evidence", k)
  /\ LET v == Got("evidence", k)
         mine == v = T[t].put \/ (Flaw = "any record verifies" /\ v.is = "evidence") IN
     /\ audits' = (IF mine THEN Append(audits, v) ELSE audits)
     /\ Goes(t, k, [T[t] EXCEPT !.at = "TIMESTAMP_READ", !.put = Absent, !.grounded = v.is = "evidence"])
  /\ UNCHANGED <<late, calls, now, steps>>

TimestampRead(t, k) ==
  /\ Get(t, "TIMESTAMP_READ", "evidence", k)
  /\ GoesOrEnds(t, k, [T[t] EXCEPT !.at = "LEDGER_READ", !.grounded = TRUE, !.installed = Got("evidence", k).at])
  /\ UNCHANGED <<late, audits, calls, now, steps>>
-----------------------------------------------------------------------------
(* The claim. *)
LedgerRead(t, k) ==
  /\ Get(t, "LEDGER_READ", "ledger", k)
  /\ GoesOrEnds(t, k, [T[t] EXCEPT !.at = "DONE_READ", !.installed = 0, !.trigger = Due(now - T[t].installed),
                                   !.ledger = Got("ledger", k), !.current = IF k = "ok" THEN "yes" ELSE "no"])
  /\ late' = Held(late)
  /\ UNCHANGED <<audits, calls, now, steps>>

Asks(t, whether) == calls' = [calls EXCEPT ![T[t].trigger] = IF whether THEN @ + 1 ELSE @]
Claimed(t) ==
  LET x == T[t].trigger
      n == Entries(T[t].ledger)[x].attempts + 1 IN
  [Entries(T[t].ledger) EXCEPT ![x] = [@ EXCEPT !.attempts = n, !.until = Clk(t) + Tier(n), !.by = Id(t)]]

DoneRead(t, k) ==
  /\ T[t].at = "DONE_READ" /\ Get(t, "DONE_READ", T[t].trigger, k)
  /\ GoesOrEnds(t, k, IF Flaw = "no claim" THEN [T[t] EXCEPT !.at = "GENERATE", !.ledger = Claimed(t)]
                      ELSE [T[t] EXCEPT !.at = "CLAIM", !.ledger = Claimed(t), !.looked = now])
  /\ Asks(t, Flaw = "no claim" /\ Outcome(t, k) = "none")
  /\ UNCHANGED <<late, audits, now, steps>>

Claim(t, k) ==
  LET met == T[t].current = "yes"
      applied == Said(met, k) = "applied"
      version == IF k # "lost" THEN "yes" ELSE IF Flaw = "counter versions" THEN "next" ELSE "no" IN
  /\ T[t].at = "CLAIM" /\ Put(t, "CLAIM", "ledger", T[t].ledger, met, k)
  /\ Waits(t, "CLAIM", "ledger", T[t].ledger, k)
  /\ GoesOrEnds(t, k, IF applied
       THEN [T[t] EXCEPT !.at = "GENERATE", !.looked = 0, !.claims = @ + 1, !.current = version]
       ELSE [T[t] EXCEPT !.at = "CLAIM_VERIFY", !.looked = 0, !.doubt = TRUE,
                         !.current = IF LedgerWritten THEN "no" ELSE @])
  /\ Asks(t, applied)
  /\ UNCHANGED <<audits, now, steps>>

ClaimVerify(t, k) ==
  /\ T[t].at = "CLAIM_VERIFY" /\ Get(t, "CLAIM_VERIFY", "ledger", k)
  /\ GoesOrEnds(t, k, [T[t] EXCEPT !.at = "GENERATE", !.claims = @ + 1, !.doubt = FALSE,
                                   !.current = IF k = "ok" THEN "yes" ELSE "no"])
  /\ Asks(t, Outcome(t, k) = "none")
  /\ late' = Held(late)
  /\ UNCHANGED <<audits, now, steps>>
-----------------------------------------------------------------------------
(* The report. *)
Generate(t, k) ==
  /\ T[t].at = "GENERATE" /\ Costs(k)
  /\ UNCHANGED <<store, late, audits, calls, now, steps>>
  /\ Goes(t, k, IF k = "failed" THEN [T[t] EXCEPT !.at = "SETTLE", !.outcome = "GENERATION_FAILED"]
                ELSE [T[t] EXCEPT !.at = "PUBLISH", !.report = Report(T[t].trigger, Id(t))])

Publish(t, k) ==
  LET x == T[t].trigger
      met == store[x].val = Absent
      said == Said(met, k) IN
  /\ T[t].at = "PUBLISH" /\ Put(t, "PUBLISH", x, T[t].report, met, k)
  /\ Waits(t, "PUBLISH", x, T[t].report, k)
  /\ Goes(t, k, IF said = "failed"
                THEN [T[t] EXCEPT !.at = "SETTLE", !.outcome = "STORE_FAILED", !.doubt = TRUE]
                ELSE [T[t] EXCEPT !.at = "PUBLISH_VERIFY", !.doubt = said = "unknown"])
  /\ UNCHANGED <<audits, calls, now, steps>>

PublishVerify(t, k) ==
  /\ T[t].at = "PUBLISH_VERIFY" /\ Get(t, "PUBLISH_VERIFY", T[t].trigger, k)
  /\ LET v == Got(T[t].trigger, k)
         undecided == v \in {Absent, Failed} IN
     Goes(t, k, [T[t] EXCEPT !.at = "SETTLE", !.doubt = @ /\ undecided,
       !.outcome = IF v = T[t].report THEN "GENERATED" ELSE IF undecided THEN "STORE_FAILED" ELSE "ALREADY_DONE"])
  /\ UNCHANGED <<late, audits, calls, now, steps>>

Settled(t) ==
  LET bad == T[t].outcome \notin {"GENERATED", "ALREADY_DONE"} IN
  [T[t].ledger EXCEPT ![T[t].trigger] =
    [@ EXCEPT !.failed = bad, !.generated = @ \/ T[t].outcome = "GENERATED"]]

Settle(t, k) ==
  LET met == T[t].current = "yes" IN
  /\ T[t].at = "SETTLE" /\ Put(t, "SETTLE", "ledger", Settled(t), met, k)
  /\ Waits(t, "SETTLE", "ledger", Settled(t), k)
  /\ Ends(t, k, Outcome(t, k))
  /\ UNCHANGED <<audits, calls, now, steps>>
-----------------------------------------------------------------------------
(* What is no answer. *)
Start(t) ==
  /\ T[t].at = "new" /\ \A i \in 1..N - 1 : Order[i + 1] = t => T[Order[i]].at # "new"
  /\ T' = [T EXCEPT ![t] = [New EXCEPT !.at = "EVIDENCE_READ", !.start = IF Flaw = "clock at start" THEN now ELSE 0]]
  /\ UNCHANGED <<store, late, audits, calls, now, faults, steps, wrong>>

Crash(t) ==
  /\ Flying(t) /\ Costs("crash")
  /\ T' = [T EXCEPT ![t] = Over]
  /\ UNCHANGED <<store, late, audits, calls, now, steps, wrong>>

Land(t, phase) ==
  \E p \in {p \in late : p.tick = t /\ p.phase = phase} :
    /\ store' = (IF (IF p.key = "ledger" THEN p.current = "yes" ELSE store[p.key].val = Absent)
                 THEN Written(p.key, p.val) ELSE store)
    /\ late' = Held(late \ {p})
    /\ T' = (IF LedgerWritten THEN [u \in Ticks |-> Older(T[u])] ELSE T)
    /\ UNCHANGED <<audits, calls, now, faults, steps, wrong>>

Clock(step) ==
  /\ steps > 0 /\ steps' = steps - 1 /\ now' = now + step
  /\ UNCHANGED <<T, store, late, audits, calls, faults, wrong>>

Outside(key) ==
  /\ Corrupts /\ store[key].val \notin {Absent, Spoilt} /\ Costs("corrupt")
  /\ store' = Written(key, Spoilt)
  /\ late' = Held(late)
  /\ T' = [u \in Ticks |-> LET tick == IF LedgerWritten THEN Older(T[u]) ELSE T[u] IN
                           [tick EXCEPT !.hurt = @ \/ Flying(u)]]
  /\ UNCHANGED <<audits, calls, now, steps, wrong>>

ReadBy(t, k) == \/ EvidenceRead(t, k) \/ EvidenceVerify(t, k) \/ TimestampRead(t, k) \/ LedgerRead(t, k)
                \/ DoneRead(t, k) \/ ClaimVerify(t, k) \/ PublishVerify(t, k)
WrittenBy(t, k) == EvidencePut(t, k) \/ Claim(t, k) \/ Publish(t, k) \/ Settle(t, k)

Next ==
  \/ \E t \in Ticks :
       \/ Start(t) \/ Crash(t)
       \/ \E k \in Reads \cup {"ok"} : ReadBy(t, k)
       \/ \E k \in Writes \cup {"ok"} : WrittenBy(t, k)
       \/ \E k \in {"ok", "failed"} : Generate(t, k)
       \/ \E phase \in {"EVIDENCE_PUT", "CLAIM", "PUBLISH", "SETTLE"} : Land(t, phase)
  \/ \E step \in ClockSteps : Clock(step)
  \/ \E key \in {"evidence", "ledger", "AUTO_12H", "AUTO_24H"} : Outside(key)

Spec == Init /\ [][Next]_vars
=============================================================================
