// The decisions of a tick in JavaScript, over the tables of `evidence vectors`: findings, effects, log lines, result.
import { decode, encode } from "./json.mjs";
const DAY = 864e5, KEYS = { evidence: "phase4:evidence:installation:", ledger: "phase5:scheduler:state:" };
const STATUS = ["evidence", "outcome", "reason", "trigger", "installed_at", "closed_at", "last_check_at", "last_success_at", "tick_id"];
const record = (fields) => encode(new Map(Object.entries(fields)));

export function instant(text) {
  const m = /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/.exec(text);
  if (m === null || m[1] === "0000") return null;
  const day = new Date(`${m[1]}-${m[2]}-${m[3]}T00:00:00Z`);
  if (!(day.toJSON() ?? "").startsWith(text.slice(0, 10))) return null;
  const ahead = m[8] ? (m[8] === "-" ? -1 : 1) * (m[9] * 60 + Number(m[10])) : 0;
  const ms = day.getTime() + ((m[4] * 60 + Number(m[5]) - ahead) * 60 + Number(m[6])) * 1000 + Number((m[7] ?? "").slice(0, 3).padEnd(3, "0"));
  return ms >= -62135596800000 && ms <= 253402300799999 ? ms : null;
}
const iso = (ms) => (ms === null ? null : new Date(ms).toISOString());
export const quote = (id) => encodeURIComponent(id).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
export const key = (kind, id, trigger) => (kind === "publication" ? `phase5:scheduler:${quote(id)}:${trigger}:DONE` : (KEYS[kind] ?? "governance:status:snapshot:") + quote(id));

export function identify(context) {
  const site = (id) => (typeof id === "string" && /^ari:cloud:[a-z-]+:[^:/]*:site\/([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})$/.exec(id.replace(/[^/]*$/, (end) => end.toLowerCase()))?.[1]) || null;
  if (typeof context !== "object" || context === null || Array.isArray(context)) return null;
  const { installContext, installationContext, cloudId: id } = context, from = installContext ?? installationContext;
  if (from != null || site(id)) return site(from ?? id);
  if (typeof id !== "string" || id === "" || [...id].length > 128 || id !== id.trim() || /\p{C}/u.test(id) || quote(id).length > 220) return null;
  return /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(id) ? id.toLowerCase() : id;
}
export function installedAt(text) { const read = decode(text); return read instanceof Map && typeof read.get("installed_at") === "string" ? instant(read.get("installed_at")) : null; }
export const writeEvidence = (at, id) => record({ installed_at: iso(at), backfilled: true, backfilled_at: iso(at), backfill_reason: "missing_phase4_evidence_on_upgrade", backfill_id: id });
export const writePublication = (report, attempt, id, at) => { const value = decode(report); return value === undefined ? null : record({ attempt: BigInt(attempt), completed_at: iso(at), published_by: id, report: value }); };
export const writeStatus = (status) => record(Object.fromEntries(STATUS.map((name) => [name, name.endsWith("_at") ? iso(status[name]) : status[name]])));
export const due = (installed, at) => (at - installed < DAY / 2 ? null : at - installed < DAY ? "AUTO_12H" : "AUTO_24H");
export const missed = (installed, publications, at) => at - installed >= DAY && !publications.includes("AUTO_12H");

export function port(tables) {
  const rows = new Map(tables.scheduler.map((row) => [`${row.phase} ${row.finding}`, row]));
  const table = new Map(tables.evidence.map((row) => [`${row.state} ${row.observation}`, row.to]));
  const tier = (attempts) => tables.tiers[Math.min(attempts, 3)];
  const implausible = (until, attempts, at) => until > at + tier(attempts) + tables.clock_tolerance;
  const empty = Object.fromEntries(STATUS.map((name) => [name, null]));
  function readStatus(text) {
    const read = decode(text), codes = [tables.codes.EvidenceState, tables.codes.Outcome, tables.codes.Reason, tables.codes.Trigger], status = {};
    for (const [place, name] of STATUS.entries()) {
      const field = read instanceof Map ? read.get(name) : undefined;
      if (field !== null && typeof field !== "string") return empty;
      status[name] = name.endsWith("_at") && field !== null ? instant(field) : field;
      if (field !== null && (status[name] === null || (place < 4 && !codes[place].includes(field)))) return empty;
    }
    return status.tick_id === null ? empty : status;
  }
  function readLedger(text) {
    const read = text === null ? new Map() : decode(text), entries = {};
    for (const trigger of tables.codes.Trigger) {
      const raw = read instanceof Map ? (read.has(trigger) ? read.get(trigger) : new Map()) : null;
      if (!(raw instanceof Map)) return null;
      const [attempts = 0n, until = null, by = null, made = null, error = null] = ["attempts", "backoff_until", "claimed_by", "generated_at", "last_error"].map((name) => raw.get(name));
      if (typeof attempts !== "bigint" || attempts < 0n || attempts > BigInt(Number.MAX_SAFE_INTEGER)) return null;
      if ([until, made].some((at) => at !== null && (typeof at !== "string" || instant(at) === null))) return null;
      if ((by !== null && typeof by !== "string") || (error !== null && !(error instanceof Map))) return null;
      entries[trigger] = { attempts: Number(attempts), backoff_until: until === null ? null : instant(until), failed: error !== null };
    }
    return entries;
  }
  function writeLedger(text, trigger, changes) {
    const read = text === null ? new Map() : decode(text), entry = { attempts: 0n, backoff_until: null, claimed_by: null, generated_at: null, last_error: null };
    return encode(new Map([...read, [trigger, new Map([...Object.entries(entry), ...(read.get(trigger) ?? []), ...Object.entries(changes)])]]));
  }
  const claimed = (text, trigger, attempt, until, id) => writeLedger(text, trigger, { attempts: BigInt(Math.min(attempt, Number.MAX_SAFE_INTEGER)), backoff_until: iso(until), claimed_by: id });
  const settled = (text, trigger, made) => writeLedger(text, trigger, { last_error: null, ...(made === null ? {} : { generated_at: iso(made) }) });
  const failed = (text, trigger, reason, at) => writeLedger(text, trigger, { last_error: new Map(Object.entries({ at: iso(at), reason })) });
  const phase5 = (s, tenant, text) => `[Phase5Scheduler] tick=${s.tick_id} cloudId=${tenant} ${text}`;
  const lines = { // each of (fields, encoded id)
    started: (s, id) => phase5(s, id, "start"),
    warned: (s, id) => phase5(s, id, `warning=${s.warn}`),
    fail_closed: (s, id) => `[PHASE4_BACKFILL] FAIL_CLOSED cloudId=${id} reason=${s.reason}: ${tables.details[s.reason]}`,
    audit: (s, id) => `[PHASE4_BACKFILL] cloudId=${id} didBackfill=true reason=missing_phase4_evidence_on_upgrade timestamp=${iso(s.installed_at)}`,
    not_found: (s, id) => `Installation timestamp not found for ${id}`,
    ended: (s, id) => phase5(s, id, `outcome=${s.outcome} reason=${s.reason} due=${s.due ?? "-"}`),
  };
  const say = (line, s, id) => ({ level: ["warned", "fail_closed", "not_found"].includes(line) ? "WARNING" : "INFO", text: lines[line](s, id) });
  function observed(s, a, at) {
    const ms = a.kind === "Found" ? installedAt(a.value) : null, mine = s.phase === "EVIDENCE_VERIFY" ? "MINE" : "STILL_MINE";
    const seen = a.kind !== "Found" ? a.kind.toUpperCase() : ms === null ? "INVALID" : a.value === s.backfill ? mine : "VALID";
    s.evidence = table.get(`${s.evidence} ${seen}`);
    s.installed_at = ms;
    if (s.phase === "EVIDENCE_VERIFY") s.did_backfill = s.evidence === "VERIFIED" && seen === "MINE";
    if (s.phase === "TIMESTAMP_READ" && ms !== null && ms > at + tables.clock_tolerance) return "FUTURE";
    return seen === "FAILED" || s.evidence === null ? "FAILED" : s.evidence;
  }
  const findings = { // what an answer means, where its kind alone does not say it
    STATUS_READ: (s, a, at) => { if (a.kind !== "Failed") s.opened = { ...(a.kind === "Found" ? readStatus(a.value) : empty), last_check_at: at, tick_id: s.tick_id }; s.seen = a.version ?? "ABSENT"; },
    STATUS_OPEN: (s, a) => { if (a.kind === "Applied") s.seen = a.version; }, CLAIM: (s, a) => { if (a.kind === "Applied") s.expect = a.version; },
    EVIDENCE_READ: observed, EVIDENCE_VERIFY: observed, TIMESTAMP_READ: observed,
    LEDGER_READ: (s, a, at) => {
      if (a.kind === "Failed") return undefined;
      Object.assign(s, { ledger: a.value ?? null, expect: a.version ?? "ABSENT" });
      if (readLedger(s.ledger) === null) return "MALFORMED";
      return (s.trigger = due(s.installed_at, at)) === null ? "NOT_DUE" : "DUE";
    },
    DONE_READ: (s, a, at) => {
      if (a.kind !== "Absent") return undefined;
      const { attempts, backoff_until: until, failed: bad } = readLedger(s.ledger)[s.trigger];
      s.number = attempts + 1;
      return until === null || until <= at ? "FREE" : implausible(until, attempts, at) ? "IMPLAUSIBLE" : bad ? "RETRYING" : "WAITING";
    },
    CLAIM_VERIFY: (s, a) => { if (a.value === s.ledger) s.expect = a.version; return a.kind === "Found" ? (a.value === s.ledger ? "MINE" : "OTHERS") : undefined; },
    GENERATE: (s, a, at) => ((s.publication = a.kind === "Report" ? writePublication(a.body, s.number, s.tick_id, at) : null) === null ? "ERROR" : "REPORT"),
    PUBLISH_VERIFY: (s, a) => (a.kind === "Found" ? (a.value === s.publication ? "MINE" : "OTHERS") : undefined),
  };
  const settle = (s) => (s.outcome === "GENERATED" ? settled(s.ledger, s.trigger, s.closed_at) : s.outcome === "ALREADY_DONE" ? settled(s.ledger, s.trigger, null) : failed(s.ledger, s.trigger, s.reason, s.closed_at));
  const closed = (s) => ({ ...s.opened, ...Object.fromEntries(STATUS.slice(0, 6).map((name) => [name, s[name]])),
    last_success_at: tables.outcomes[s.outcome].running.includes(s.reason) ? Math.max(s.opened.last_success_at ?? s.closed_at, s.closed_at) : s.opened.last_success_at });
  const puts = { // the value, and what the key must hold
    STATUS_OPEN: (s) => [writeStatus(s.opened), s.seen], STATUS_CLOSE: (s) => [writeStatus(closed(s)), s.seen], SETTLE: (s) => [settle(s), s.expect],
    EVIDENCE_PUT: (s, at) => [(s.backfill = writeEvidence(at, s.tick_id)), "ABSENT"], PUBLISH: (s) => [s.publication, "ABSENT"],
    CLAIM: (s, at) => [(s.ledger = claimed(s.ledger, s.trigger, s.number, at + tier(s.number), s.tick_id)), s.expect],
  };
  function ask(s, at) {
    if (tables.asks[s.phase] === "GENERATE") return { kind: "Generate", tenant: s.tenant, trigger: s.trigger, installed_at: s.installed_at, attempt: s.number, tick_id: s.tick_id };
    const kind = /STATUS/.test(s.phase) ? "status" : /EVIDENCE|TIMESTAMP/.test(s.phase) ? "evidence" : /DONE|PUBLISH/.test(s.phase) ? "publication" : "ledger";
    const where = key(kind, s.tenant, s.trigger), [value, expect] = puts[s.phase]?.(s, at) ?? [];
    return tables.asks[s.phase] === "READ" ? { kind: "Get", key: where } : { kind: "Put", key: where, value, expect };
  }
  function ended(s) {
    if (s.alone) return { tenant: s.tenant, did_backfill: s.did_backfill, reason: s.refusal ?? (s.did_backfill ? "missing_phase4_evidence_on_upgrade" : "phase4_exists"), installed_at: s.refusal ? null : s.installed_at };
    const { success, http_status } = tables.outcomes[s.outcome], { tick_id, tenant, outcome, reason, trigger, evidence, installed_at, did_backfill } = s;
    return { tick_id, tenant, outcome, reason, trigger, evidence, installed_at, did_backfill, degraded: s.degraded && success, success, http_status };
  }
  function start({ begin, tick_id, context }) { // a tick's state is changed in place
    const tenant = identify(context), alone = begin === "ensure", s = { ...empty, tick_id, tenant, alone, phase: alone ? "EVIDENCE_READ" : "STATUS_READ", did_backfill: false, degraded: false };
    const log = alone ? [] : [say("started", s, quote(tenant ?? "-"))];
    if (tenant !== null) return { s, log, effect: ask(s, 0) };
    Object.assign(s, { outcome: "REFUSED", reason: "no_tenant_identity", refusal: "no_tenant_identity", phase: "END" });
    return { s, log: [...log, say("fail_closed", s, "-"), ...(alone ? [] : [say("ended", s, "-")])], effect: null, result: ended(s) };
  }
  function step(s, answer, at) {
    const finding = findings[s.phase]?.(s, answer, at) ?? answer.kind.toUpperCase(), row = rows.get(`${s.phase} ${finding}`), id = quote(s.tenant), log = [];
    s.degraded ||= ["Failed", "Unknown"].includes(answer.kind);
    s.refusal = row.refuses ?? s.refusal;
    if (row.outcome) Object.assign(s, { outcome: row.outcome, reason: row.reason, closed_at: at });
    s.phase = (s.opened ? null : tables.without_status[row.to]) ?? (s.alone ? tables.backfill_alone[row.to] : null) ?? row.to;
    if (row.warns) log.push(say("warned", { ...s, warn: row.warns }, id));
    if (row.refuses) log.push(say("fail_closed", { reason: row.refuses }, id));
    if (row.audits) log.push(say("audit", s, id));
    if (row.outcome === "SKIPPED") log.push(say("not_found", s, id));
    if (s.phase === "END" && !s.alone) log.push(say("ended", { ...s, due: s.trigger }, id));
    return s.phase === "END" ? { s, finding, log, effect: null, result: ended(s) } : { s, finding, log, effect: ask(s, at) };
  }
  return { tier, implausible, readStatus, readLedger, claimed, settled, failed, say, start, step, table };
}
