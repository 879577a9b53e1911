// JSON as records have it: one encoding of a value, in Python's spelling of numbers, and a decoder that refuses what it must.
const TOKEN = /[ \t\n\r]*(?:([{}[\],:])|("(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*))((?:\.\d+)?(?:[eE][+-]?\d+)?)|(true|false|null))/y;
const WORDS = { true: true, false: false, null: null };

export function decode(text) { // integers become BigInt, objects Map; undefined where malformed
  let end = 0, token;
  const fail = () => { throw new SyntaxError("malformed"); };
  const next = () => { TOKEN.lastIndex = end; token = TOKEN.exec(text) ?? fail(); end = TOKEN.lastIndex; return token[1]; };
  const items = (close, depth, item) => {
    if (depth > 32) fail();
    if (next() === close) return;
    for (;;) { item(); const mark = next(); if (mark === close) return; if (mark !== ",") fail(); next(); }
  };
  const value = (depth) => {
    const [, mark, string, whole, rest, word] = token;
    if (string !== undefined) return JSON.parse(string);
    if (word !== undefined) return WORDS[word];
    if (whole !== undefined) return Number.isFinite(Number(whole + rest)) ? (rest ? Number(whole + rest) : BigInt(whole)) : fail();
    if (mark === "[") { const list = []; items("]", depth + 1, () => list.push(value(depth + 1))); return list; }
    if (mark !== "{") fail();
    const object = new Map();
    items("}", depth + 1, () => {
      const name = token[2] === undefined ? fail() : JSON.parse(token[2]);
      if (object.has(name) || next() !== ":") fail();
      next();
      object.set(name, value(depth + 1));
    });
    return object;
  };
  try { next(); const whole = value(0); return /^[ \t\n\r]*$/.test(text.slice(end)) ? whole : undefined; } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
function real(number) { // as Python writes a double
  const [, sign, digits, exponent] = /^(-?)([\d.]+)e([+-]\d+)$/.exec(number.toExponential());
  if (Object.is(number, -0)) return "-0.0";
  if (exponent < -4 || exponent >= 16) return `${sign}${digits}e${exponent.replace(/^([+-])(\d)$/, "$10$2")}`;
  const plain = exponent < 0 ? `${sign}0.${"0".repeat(-exponent - 1)}${digits.replace(".", "")}` : String(number);
  return plain.includes(".") ? plain : `${plain}.0`;
}
const points = (text) => [...text].map((c) => c.codePointAt(0).toString(16).padStart(6, "0")).join();
const string = (text) => JSON.stringify(text).replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
export function encode(value) {
  if (typeof value === "string") return string(value);
  if (typeof value === "number") return real(value);
  if (Array.isArray(value)) return `[${value.map(encode)}]`;
  if (!(value instanceof Map)) return String(value);
  return `{${[...value].sort(([a], [b]) => (points(a) < points(b) ? -1 : 1)).map(([name, one]) => `${string(name)}:${encode(one)}`)}}`;
}
