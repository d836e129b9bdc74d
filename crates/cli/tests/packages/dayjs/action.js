// Parses, adds and formats.
// Gives: {"later":"2024-02-29 10:20:30","text":"Wednesday, 31 January 2024","days":29.569097222222222}
import dayjs from "npm:dayjs@1.11.23";
import utc from "npm:dayjs@1.11.23/plugin/utc.js";

export function main() {
  dayjs.extend(utc);
  const date = dayjs.utc("2024-01-31T10:20:30Z");
  return { later: date.add(1, "month").format("YYYY-MM-DD HH:mm:ss"), text: date.format("dddd, D MMMM YYYY"), days: dayjs.utc("2024-03-01").diff(date, "day", true) };
}
