// Replays the vectors in the file that is named against port.mjs: a line for each kind, exit status 1 where one differs.
import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { decode, encode } from "./json.mjs";
import * as p from "./port.mjs";

const { tables, classification: c, encodings, keys, log_lines, ticks } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const port = p.port(tables), utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
function evidence({ kind, hex }) {
  let text = "";
  try { text = utf8.decode(Buffer.from(hex ?? "", "hex")); } catch (error) { if (!(error instanceof TypeError)) throw error; }
  const { s } = port.start({ begin: "ensure", tick_id: "t", context: { cloudId: "t" } });
  port.step(s, { kind, value: text }, 0);
  return { state: s.evidence, installed_at: s.installed_at, refuses: s.refusal ?? null };
}
function tick(one) {
  let { s, log, effect, result } = port.start(one);
  const steps = one.steps.map(({ answer, at }) => {
    const asked = { phase: s.phase, effect }, now = port.step(s, answer, at);
    ({ effect, result } = now);
    return { ...asked, finding: now.finding, evidence: s.evidence, log: now.log };
  });
  return { log, steps: steps.map((step, place) => ({ ...one.steps[place], ...step })), result };
}
const ledgers = ({ value, trigger, attempt, at, tick_id, reason }, claim = port.claimed(value, trigger, attempt, at, tick_id)) => (
  { claimed: claim, generated: port.settled(claim, trigger, at), settled: port.settled(claim, trigger, null), failed: port.failed(claim, trigger, reason, at) });
const replayed = { // of each kind its cases, and what the port makes of one: each field must be the case's
  evidence: [c.evidence, evidence],
  identity: [c.identity, ({ context }) => ({ tenant: p.identify(context) })],
  ledger: [c.ledger, ({ value }) => ({ entries: port.readLedger(value) })],
  publication: [c.publication, (o) => ({ bytes: p.writePublication(o.report, o.attempt, o.tick_id, o.completed_at) })],
  status: [c.status, ({ value }) => ({ status: port.readStatus(value) })],
  instants: [c.instants, ({ text }) => ({ ms: p.instant(text) })],
  schedule: [c.schedule, ({ installed_at, at }) => ({ due: p.due(installed_at, at), missed: p.missed(installed_at, [], at) })],
  tier: [c.tier, ({ attempts }) => ({ tier: port.tier(attempts) })],
  backoff: [c.backoff, (o) => ({ implausible: port.implausible(o.backoff_until, o.attempts, o.at) })],
  keys: [keys, ({ tenant: id, publications }) => ({ encoded: p.quote(id), evidence: p.key("evidence", id), ledger: p.key("ledger", id), status: p.key("status", id),
    publications: Object.fromEntries(Object.keys(publications).map((one) => [one, p.key("publication", id, one)])) })],
  "json encodings": [encodings.json, ({ text }, value = decode(text)) => ({ bytes: value === undefined ? null : encode(value) })],
  "evidence encodings": [encodings.evidence, (o) => ({ bytes: p.writeEvidence(o.installed_at, o.tick_id) })],
  "status encodings": [encodings.status, ({ status }) => ({ bytes: p.writeStatus(status) })],
  "ledger encodings": [encodings.ledger, (o) => ledgers(o)],
  "log lines": [log_lines, (o) => port.say(o.line, o, o.tenant)],
  ticks: [ticks, tick],
};
for (const [kind, [cases, made]] of Object.entries(replayed)) {
  const of = (one) => { try { return made(one); } catch (error) { return { error: String(error) }; } }; // a crash differs, too
  const wrong = cases.filter((one) => !isDeepStrictEqual({ ...one, ...of(one) }, one));
  console.log(`${kind}: ${cases.length} cases, ${wrong.length} differ`);
  for (const one of wrong) console.log(JSON.stringify({ expected: one, made: of(one) }));
  process.exitCode ||= wrong.length > 0 || cases.length === 0 ? 1 : 0;
}
