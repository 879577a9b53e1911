-------------------------------- MODULE Calm --------------------------------
(* Forever.tla with a number: how many periods of half a day pass, at most, before the report is published.

At some moment the last fault is over. From then on, in each period, up to N ticks start and interleave in every
way; the period ends when none is in flight, no put is under way and one at least has ended in it. `evidence-sim
liveness` computes the same number on the graph of the code. *)
EXTENDS Forever

CONSTANT Bound
VARIABLES calm, begun, ended, passed

Flights == Cardinality({t \in Ticks : Flying(t)})
InitCalm == Init /\ calm = FALSE /\ begun = 0 /\ ended = FALSE /\ passed = 0

Faulty == ~calm /\ Next /\ UNCHANGED <<calm, begun, ended, passed>>
Calms == ~calm /\ calm' = TRUE /\ begun' = Flights /\ UNCHANGED <<ended, passed, vars>>
Starts ==
  /\ calm /\ begun < N /\ begun' = begun + 1
  /\ \E t \in Ticks : Start(t) \/ Again(t)
  /\ UNCHANGED <<calm, ended, passed>>
Moves ==
  /\ calm
  /\ Lands \/ \E t \in Ticks : ReadBy(t, "ok") \/ WrittenBy(t, "ok") \/ Generate(t, "ok")
  /\ ended' = (ended \/ \E t \in Ticks : Flying(t) /\ T'[t].at = "over")
  /\ UNCHANGED <<calm, begun, passed>>
Passes ==
  /\ calm /\ Flights = 0 /\ late = {} /\ ended /\ Pass
  /\ begun' = 0 /\ ended' = FALSE /\ passed' = Least(passed + 1, Bound + 1)
  /\ UNCHANGED calm
NextCalm == Faulty \/ Calms \/ Starts \/ Moves \/ Passes

(* As L2 says: without records that are invalid. *)
Within ==
  (\A key \in DOMAIN store : store[key].val.is \notin {"torn", "spoilt"}) =>
    store.AUTO_24H.val.is = "report" \/ passed <= Bound
=============================================================================
