// Parses, adds and formats.
// Gives: {"later":"2024-02-29T10:20:30Z","text":"Wednesday, January 31st 2024, 10:20:30 am","ago":"3 days ago"}
import moment from "npm:moment@2.31.0";

export function main() {
  const date = moment.utc("2024-01-31T10:20:30Z");
  return { later: date.clone().add(1, "month").format(), text: date.format("dddd, MMMM Do YYYY, h:mm:ss a"), ago: date.from(moment.utc("2024-02-03T00:00:00Z")) };
}
