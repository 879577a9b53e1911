------------------------------ MODULE Promises ------------------------------
(* The invariants of spec/protocol.md over the ticks of Tick.tla, by their ids. A plain predicate holds in
every state; one that begins with [] holds of every step. *)
EXTENDS Tick

Evid == store.evidence.val
Present(key) == store[key].val # Absent
Valid(v) == v.is = "evidence"
(* A value stays, but for what spoils it: that is no effect of a tick, and nothing else writes Spoilt. *)
Stays(key) == store'[key].val \in {store[key].val, Spoilt}

(* WriteOnce: evidence that is present is not changed. *)
S1 == [][Present("evidence") => Stays("evidence")]_vars

(* NoClobber: invalid evidence is not overwritten. *)
S2 == [][Present("evidence") /\ ~Valid(Evid) => Stays("evidence")]_vars

(* VerifiedIsMine: who announces a backfill read back what it put. *)
S3 == [][audits' # audits => \E t \in Ticks :
           T[t].at = "EVIDENCE_VERIFY" /\ T'[t].at # "EVIDENCE_VERIFY" /\ audits' = Append(audits, T[t].put)]_vars

(* AuditOnce: one announcement a record. *)
S4 == \A i, j \in DOMAIN audits : audits[i] = audits[j] => i = j

(* Grounded: who asks the generator has read valid evidence. *)
S5 == \A t \in Ticks : T[t].at = "GENERATE" => T[t].grounded

(* ReportOnce: a publication is not changed, so there is one at most. *)
S6 == [][\A x \in Triggers : Present(x) => Stays(x)]_vars

(* DoneIsEarned: what is published is the report that the generator returned to that tick for that trigger. *)
Earned(x) == {T[t].report : t \in {t \in Ticks : T[t].at = "PUBLISH" /\ T[t].trigger = x}}
             \cup {p.val : p \in {p \in late : p.key = x}}
S7 == [][\A x \in Triggers : ~Present(x) /\ store'[x].val # Absent =>
           store'[x].val \in Earned(x) /\ store'[x].val.of = x]_vars

(* BackoffHeld: a claim takes effect only where the backoff was over, or implausible, by the claimant's
clock at DONE_READ's answer; and who asks the generator has claimed exactly once. *)
Claims == {[val |-> T[t].ledger, looked |-> T[t].looked] : t \in {t \in Ticks : T[t].at = "CLAIM"}}
          \cup {[val |-> p.val, looked |-> p.looked] : p \in {p \in late : p.phase = "CLAIM"}}
Free(ledger, x, at) ==
  \/ ledger.is # "ledger" \/ ledger[x].attempts = 0 \/ ledger[x].until <= at
  \/ ledger[x].until > at + Tier(ledger[x].attempts) + Tolerance
S8 == [][\A c \in Claims, x \in Triggers :
           (LedgerWritten /\ store'.ledger.val = c.val /\ Attempts(c.val, x) > Attempts(store.ledger.val, x))
             => Free(store.ledger.val, x, c.looked)]_vars
S8Once == \A t \in Ticks : T[t].at = "GENERATE" => T[t].claims = 1

(* AttemptsCounted: calls of the generator are persisted before they are made. *)
S9 == \A x \in Triggers : calls[x] <= Attempts(store.ledger.val, x)

(* NoFalseSuccess, OutcomeTrue, Hydrates are judged as a tick ends; OutcomeTrue before SETTLE too. *)
S13 == "S13" \notin wrong
Ever(x) == {store[x].val} \cup {store[x].past[i] : i \in DOMAIN store[x].past}
S18 == /\ "S18" \notin wrong
       /\ \A t \in Ticks : T[t].at = "SETTLE" =>
            /\ T[t].outcome = "GENERATED" => Report(T[t].trigger, Id(t)) \in Ever(T[t].trigger)
            /\ T[t].outcome = "ALREADY_DONE" => Present(T[t].trigger)
L1 == "L1" \notin wrong

(* EvidenceOnly: a tick in the backfill writes evidence and nothing else. *)
S14 == [][\A t \in Ticks : T[t].at \in Backfill /\ T'[t].at # T[t].at =>
            \A key \in DOMAIN store \ {"evidence"} : store'[key] = store[key]]_vars

(* DueOnly: what is due is due by what TIMESTAMP_READ brought and LEDGER_READ's clock, and stays so. *)
S17 == [][\A t \in Ticks :
            /\ (T[t].at = "LEDGER_READ" /\ T'[t].at = "DONE_READ") =>
                 LET age == now - T[t].installed IN
                 IF T'[t].trigger = "AUTO_12H" THEN 720 <= age /\ age < 1440 ELSE age >= 1440
            /\ T[t].trigger # "nothing" => T'[t].trigger \in {T[t].trigger, "nothing"}]_vars
-----------------------------------------------------------------------------
(* Two that the protocol keeps beside its invariants. A settlement is written over nothing but the tick's own
claim, or what spoilt it; and what a tick takes for failed was not done. *)
SettlesItsOwn ==
  [][\A t \in Ticks : T[t].at = "SETTLE" /\ T'[t].at = "over" /\ LedgerWritten /\ store'.ledger.val.is = "ledger"
       /\ store.ledger.val.is = "ledger" => store.ledger.val[T[t].trigger].by = Id(t)]_vars
FailedIsNotDone ==
  [][\A t \in Ticks :
       /\ (T[t].at = "EVIDENCE_PUT" /\ T'[t].at = "TIMESTAMP_READ") => store'.evidence.val # T[t].put
       /\ (T[t].at = "CLAIM" /\ T'[t].at = "over") => store'.ledger.val # T[t].ledger
       /\ (T[t].at = "PUBLISH" /\ T'[t].at = "SETTLE") => store'[T[t].trigger].val # T[t].report]_vars

(* Two wordings that sound right and are not. Of S8: that no backoff of another's claim runs where the generator
is asked; it may have begun after ours was over. Of S13: that who met any fault reports no success (the flaw
"naive S13" has it judged); what failed may not matter. *)
NaiveS8 == \A t \in Ticks : T[t].at = "GENERATE" /\ store.ledger.val.is = "ledger" =>
             LET entry == store.ledger.val[T[t].trigger] IN entry.by = Id(t) \/ entry.attempts = 0 \/ entry.until <= now
NaiveS13 == "S13 naive" \notin wrong
=============================================================================
