// Numbers and times for people.

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** 1536 -> "1.5 KiB". */
export function bytes(count) {
  let unit = 0, value = count;
  while (value >= 1024 && unit < UNITS.length - 1) value /= 1024, unit++;
  const digits = unit === 0 || value >= 100 || Number.isInteger(value) ? 0 : 1;
  return `${value.toLocaleString("en", { maximumFractionDigits: digits })} ${UNITS[unit]}`;
}

/** 1234567 -> "1,234,567". */
export function count(number) {
  return number.toLocaleString("en");
}

/** "1 object", "2 objects". */
export function plural(number, one, many = one + "s") {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** "1,536 bytes", and what that is in round numbers where it helps. */
export function exactBytes(number) {
  return number < 1024 ? plural(number, "byte") : `${bytes(number)} (${count(number)} bytes)`;
}

/** [lo, hi) as people count: "bytes 0 to 99". */
export function range(lo, hi) {
  return hi <= lo ? "no bytes" : hi - lo === 1 ? `byte ${count(lo)}` : `bytes ${count(lo)} to ${count(hi - 1)}`;
}

const pad = (number, width = 2) => String(number).padStart(width, "0");

/** In the time zone of whoever looks: "2026-03-01 14:05:09". */
export function time(ms) {
  if (!ms) return "unknown";
  const at = new Date(ms);
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
}

/** The same with milliseconds, where ops follow each other closely. */
export function exactTime(ms) {
  return ms ? `${time(ms)}.${pad(new Date(ms).getMilliseconds(), 3)}` : "unknown";
}

/** A duration of the catalog: "7 days". */
export function duration(ms) {
  for (const [unit, length] of [["day", 86400e3], ["hour", 3600e3], ["minute", 60e3], ["second", 1e3]]) {
    if (ms >= length) return plural(Math.round(ms / length), unit);
  }
  return "none";
}
