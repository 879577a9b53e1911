------------------------------- MODULE Status -------------------------------
(* The status record of one tenant under overlapping ticks on one host: STATUS_READ, STATUS_OPEN, STATUS_CLOSE.

Why it can be looked at alone: no other phase of a tick reads the status, and its own phases read no other
record. What they take from the rest of the tick is how it ended and when; here that is any ending at any
time (Decide), so every behaviour of whole ticks is one of these. The other way round, what comes of a
status phase decides of the rest nothing at all: all its answers lead to EVIDENCE_READ or to the end.

Of the record only `last_success_at` is kept, which S15 is about; Never is before all instants. Time and
versions are as in Tick.tla. *)
EXTENDS Integers, Sequences

CONSTANTS N, Faults, Steps, ClockSteps, Reads, Writes, Flaw
VARIABLES T, status, late, now, faults, steps
vars == <<T, status, late, now, faults, steps>>
-----------------------------------------------------------------------------
Never == -1000000
Max(a, b) == IF a > b THEN a ELSE b
Order == <<"t1", "t2", "t3", "t4", "t5", "t6">>
Ticks == {Order[i] : i \in 1..N}
Flying(t) == T[t].at \notin {"new", "over"}
New == [
  at |-> "new",        \* STATUS_READ, STATUS_OPEN, "DECIDE" for all phases between, STATUS_CLOSE, "over"
  success |-> Never,   \* what it carries, then what it closes with
  current |-> FALSE]   \* whether the version that it holds is the key's; of no version, whether there is no record
Over == [New EXCEPT !.at = "over"]
Nothing == [there |-> FALSE, success |-> Never]

Init ==
  /\ T = [t \in Ticks |-> New] /\ status = [val |-> Nothing, past |-> <<>>] /\ late = {}
  /\ now = 0 /\ faults = Faults /\ steps = Steps
-----------------------------------------------------------------------------
Costs(k) == /\ k = "ok" \/ faults > 0
            /\ faults' = (IF k = "ok" THEN faults ELSE faults - 1)
Written(success) ==
  [val |-> [there |-> TRUE, success |-> success],
   past |-> IF status.past = <<>> THEN <<status.val>> ELSE <<status.val, status.past[1]>>]
(* Unlike values, versions never come back: what was written once more is another record. *)
Older(x, wrote) == IF wrote THEN [x EXCEPT !.current = FALSE] ELSE x
Turn(t, tick, wrote) == T' = [u \in Ticks |-> IF u = t THEN tick ELSE Older(T[u], wrote)]
Aged(set, wrote) == {Older(p, wrote) : p \in set}

Earlier(i) == i <= Len(status.past) /\ (status.val.there \/ status.past[i].there)
StatusRead(t, k) ==
  /\ T[t].at = "STATUS_READ" /\ Costs(k)
  /\ k = "stale:1" => Earlier(1)
  /\ k = "stale:2" => Earlier(2)
  /\ LET v == CASE k = "stale:1" -> status.past[1] [] k = "stale:2" -> status.past[2] [] OTHER -> status.val IN
     T' = [T EXCEPT ![t] =
       IF k = "failed" THEN Over ELSE [at |-> "STATUS_OPEN", success |-> v.success, current |-> k = "ok"]]
  /\ UNCHANGED <<status, late, now, steps>>

Put(t, k, phase, told, untold) ==
  LET met == T[t].current \/ Flaw = "plain put"
      wrote == met /\ k \in {"ok", "unknown-yes"} IN
  /\ Costs(k)
  /\ k = "unknown-yes" => met
  /\ status' = (IF wrote THEN Written(T[t].success) ELSE status)
  /\ late' = Aged(late, wrote) \cup (IF k # "unknown-later" THEN {} ELSE
               {[tick |-> t, phase |-> phase, success |-> T[t].success, current |-> T[t].current]})
  /\ Turn(t, IF met /\ k = "ok" THEN told ELSE Older(untold, wrote), wrote)
  /\ UNCHANGED <<now, steps>>
StatusOpen(t, k) ==
  /\ T[t].at = "STATUS_OPEN"
  /\ Put(t, k, "STATUS_OPEN", [T[t] EXCEPT !.at = "DECIDE", !.current = TRUE], [T[t] EXCEPT !.at = "DECIDE"])
StatusClose(t, k) ==
  /\ T[t].at = "STATUS_CLOSE"
  /\ Put(t, k, "STATUS_CLOSE", Over, Over)

(* All phases between: the tick ends well, which counts as a success, or not. *)
Decide(t, well) ==
  /\ T[t].at = "DECIDE"
  /\ T' = [T EXCEPT ![t].at = "STATUS_CLOSE", ![t].success =
             IF ~well THEN @ ELSE IF Flaw = "last is latest" THEN now ELSE Max(@, now)]
  /\ UNCHANGED <<status, late, now, faults, steps>>
-----------------------------------------------------------------------------
Start(t) ==
  /\ T[t].at = "new" /\ \A i \in 1..N - 1 : Order[i + 1] = t => T[Order[i]].at # "new"
  /\ T' = [T EXCEPT ![t].at = "STATUS_READ"]
  /\ UNCHANGED <<status, late, now, faults, steps>>
Crash(t) ==
  /\ Flying(t) /\ Costs("crash") /\ T' = [T EXCEPT ![t] = Over]
  /\ UNCHANGED <<status, late, now, steps>>
Land(t, phase) ==
  \E p \in {p \in late : p.tick = t /\ p.phase = phase} :
    LET wrote == p.current \/ Flaw = "plain put" IN
    /\ status' = (IF wrote THEN Written(p.success) ELSE status)
    /\ late' = Aged(late \ {p}, wrote)
    /\ T' = [u \in Ticks |-> Older(T[u], wrote)]
    /\ UNCHANGED <<now, faults, steps>>
Clock(step) ==
  /\ steps > 0 /\ steps' = steps - 1 /\ now' = now + step
  /\ UNCHANGED <<T, status, late, faults>>

Next ==
  \/ \E t \in Ticks :
       \/ Start(t) \/ Crash(t) \/ (\E well \in BOOLEAN : Decide(t, well))
       \/ \E k \in Reads \cup {"ok"} : StatusRead(t, k)
       \/ \E k \in Writes \cup {"ok"} : StatusOpen(t, k) \/ StatusClose(t, k)
       \/ \E phase \in {"STATUS_OPEN", "STATUS_CLOSE"} : Land(t, phase)
  \/ \E step \in ClockSteps : Clock(step)
Spec == Init /\ [][Next]_vars

(* StatusMonotone: the last success never goes back, and never vanishes. *)
S15 == [][status'.val.success >= status.val.success]_vars
=============================================================================
