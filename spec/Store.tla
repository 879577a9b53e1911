-------------------------------- MODULE Store -------------------------------
(* The schedule, the records of one tenant, and the store that holds them: what a read brings and what a put
does, under each answer `k`. A condition, or a version, is the business of whoever puts: see Tick.tla.

Time is counted in minutes since the world began. Every window, tier and tolerance of the schedule is a whole
number of them, so the arithmetic here is the kernel's, and no abstraction of it. *)
EXTENDS Integers, Sequences, FiniteSets

CONSTANT Flaw  \* "none", or which rule of the protocol is broken, to see what it is for
VARIABLES
  store,   \* what each key holds, and held before
  faults   \* how many may still happen
-----------------------------------------------------------------------------
(* The schedule. *)
Triggers == {"AUTO_12H", "AUTO_24H"}
Tolerance == 15
Tier(attempts) == CASE attempts = 0 -> 0 [] attempts = 1 -> 30 [] attempts = 2 -> 120 [] OTHER -> 1440
Due(age) == IF age < 720 THEN "nothing" ELSE IF age < 1440 THEN "AUTO_12H" ELSE "AUTO_24H"

(* Records. What does not parse is Torn or Spoilt; the second is what corruption leaves as it is. *)
Absent == [is |-> "absent"]
Torn == [is |-> "torn"]
Spoilt == [is |-> "spoilt"]
Failed == [is |-> "failed"]
Evidence(at, by) == [is |-> "evidence", at |-> at, by |-> by]
Report(trigger, by) == [is |-> "report", of |-> trigger, by |-> by]
NoEntry == [attempts |-> 0, until |-> 0, by |-> "nobody", failed |-> FALSE, generated |-> FALSE]
NoEntries == [is |-> "ledger", AUTO_12H |-> NoEntry, AUTO_24H |-> NoEntry]
Entries(ledger) == IF ledger = Absent THEN NoEntries ELSE ledger
Attempts(ledger, x) == IF ledger.is = "ledger" THEN ledger[x].attempts ELSE 0
Running(entry, at) == entry.attempts > 0 /\ (entry.until > at \/ Flaw = "no expiry")
Implausible(entry, at, tolerance) == entry.until > at + Tier(entry.attempts) + tolerance /\ Flaw # "no expiry"

Begin(begins) ==
  CASE begins = "absent" -> [val |-> Absent, past |-> <<>>]
    [] begins = "valid-12h" -> [val |-> Evidence(-720, "before"), past |-> <<Absent>>]
    [] begins = "valid-24h" -> [val |-> Evidence(-1440, "before"), past |-> <<Absent>>]
    [] begins = "invalid" -> [val |-> Torn, past |-> <<Absent>>]
Empty == [val |-> Absent, past |-> <<>>]
-----------------------------------------------------------------------------
(* Two earlier values are remembered, for stale reads. *)
Written(key, value) ==
  LET was == store[key]
      past == IF was.past = <<>> THEN <<was.val>> ELSE <<was.val, was.past[1]>> IN
  [store EXCEPT ![key] = [val |-> value, past |-> past]]
Costs(k) == /\ k = "ok" \/ faults > 0
            /\ faults' = (IF k = "ok" THEN faults ELSE faults - 1)

Earlier(cell, i) == i <= Len(cell.past) /\ ~(cell.val = Absent /\ cell.past[i] = Absent)
Read(key, k) ==
  /\ Costs(k)
  /\ k = "stale:1" => Earlier(store[key], 1)
  /\ k = "stale:2" => Earlier(store[key], 2)
  /\ k = "corrupt:0" => store[key].val \notin {Absent, Spoilt}
  /\ store' = (IF k = "corrupt:0" THEN Written(key, Spoilt) ELSE store)
Got(key, k) ==
  CASE k = "ok" -> store[key].val
    [] k = "failed" -> Failed
    [] k = "stale:1" -> store[key].past[1]
    [] k = "stale:2" -> store[key].past[2]
    [] k = "corrupt:0" -> Spoilt

(* `met`: whether the condition of the put holds. *)
Write(key, value, met, k) ==
  /\ Costs(k)
  /\ k \in {"unknown-yes", "torn:0", "lost"} => met
  /\ store' = (CASE met /\ k \in {"ok", "unknown-yes"} -> Written(key, value)
                 [] k = "torn:0" -> Written(key, Torn)
                 [] OTHER -> store)
Said(met, k) ==
  CASE k = "failed" -> "failed"
    [] k \in {"unknown-no", "unknown-yes", "unknown-later"} ->
         IF Flaw = "unknown as failed" THEN "failed" ELSE "unknown"
    [] k \in {"torn:0", "lost"} -> "applied"
    [] k = "ok" -> IF met THEN "applied" ELSE "conflict"
=============================================================================
