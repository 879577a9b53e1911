------------------------------ MODULE Forever -------------------------------
(* Tick.tla where ticks return for ever: what comes to pass once the faults are spent.

A tick that returns has a fresh id, so what its predecessor wrote is renamed: it is by "old", and nobody's to
verify. Time is counted from now: what Pass does is to move every instant back by half a day. That keeps the
states finite and loses nothing: ages over a day, backoffs that are over and attempts from the third on are
alike to the schedule, and here no clock goes back. Of a ledger its hints to readers (failed, generated) go the
same way, and of a key what it held before, where no read is stale. *)
EXTENDS Tick

Half == 720
Least(a, b) == IF a < b THEN a ELSE b
Most(a, b) == IF a > b THEN a ELSE b
Name(by, who) == IF by = who THEN "old" ELSE by
Entry(e, d, who) == [e EXCEPT !.attempts = Least(@, 3), !.until = Most(@ - d, 0), !.by = Name(@, who),
                              !.failed = FALSE, !.generated = FALSE]
Moved(v, d, who) ==
  CASE v.is = "evidence" -> [v EXCEPT !.at = Most(@ - d, -2 * Half), !.by = Name(@, who)]
    [] v.is = "report" -> [v EXCEPT !.by = Name(@, who)]
    [] v.is = "ledger" -> [v EXCEPT !.AUTO_12H = Entry(@, d, who), !.AUTO_24H = Entry(@, d, who)]
    [] OTHER -> v
MovedTick(tick, d, who) ==
  [tick EXCEPT !.put = Moved(@, d, who), !.ledger = Moved(@, d, who), !.report = Moved(@, d, who),
               !.installed = Most(@ - d, -2 * Half)]
Move(d, who) ==
  /\ store' = [key \in DOMAIN store |->
                 [val |-> Moved(store[key].val, d, who),
                  past |-> IF Reads \cap {"stale:1", "stale:2"} = {} THEN <<>> ELSE
                           [i \in DOMAIN store[key].past |-> Moved(store[key].past[i], d, who)]]]
  /\ late' = {[p EXCEPT !.val = Moved(@, d, who), !.tick = Name(@, who)] : p \in late}
  /\ audits' = <<>> /\ calls' = [x \in Triggers |-> 0]

Pass ==
  /\ Move(Half, "nobody else")
  /\ T' = [t \in Ticks |-> IF Flying(t) THEN MovedTick(T[t], Half, "nobody else") ELSE T[t]]
  /\ UNCHANGED <<now, faults, steps, wrong>>
Again(t) ==
  /\ T[t].at = "over" /\ Move(0, t)
  /\ T' = [u \in Ticks |-> IF u = t THEN [New EXCEPT !.at = "EVIDENCE_READ"]
                           ELSE IF Flying(u) THEN MovedTick(T[u], 0, t) ELSE T[u]]
  /\ UNCHANGED <<now, faults, steps, wrong>>
Phases == {"EVIDENCE_PUT", "CLAIM", "PUBLISH", "SETTLE"}
Lands == \E t \in Ticks \cup {"old"}, phase \in Phases : Land(t, phase)

Ok(t) == Start(t) \/ ReadBy(t, "ok") \/ WrittenBy(t, "ok") \/ Generate(t, "ok")
Always == Init /\ [][Next \/ Pass \/ Lands \/ \E t \in Ticks : Again(t)]_vars
               /\ WF_vars(Pass) /\ WF_vars(Lands) /\ \A t \in Ticks : WF_vars(Ok(t)) /\ WF_vars(Again(t))
-----------------------------------------------------------------------------
EndsWell ==
  \E t \in Ticks : /\ T'[t].at = "over" /\ faults' = faults
                   /\ \/ T[t].at \in {"LEDGER_READ", "DONE_READ", "CLAIM"}
                      \/ T[t].at = "SETTLE" /\ T[t].outcome \in Success
(* Hydrates, Reported, NeverWedged. The first premise of L2 and L3 is that no record is invalid. *)
L1Forever == <>[](store.evidence.val.is = "evidence")
L2 == <>(store.AUTO_24H.val.is = "report")
L3 == []<><<EndsWell>>_vars
=============================================================================
