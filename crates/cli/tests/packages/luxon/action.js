// Parses and adds. The language is set, since otherwise it asks `Intl`.
// Gives: {"later":"2024-02-29T10:20:30.000Z","week":"2024-W05-3","numbers":"2024/01/31 10:20","duration":90}
import { DateTime, Duration, Settings } from "npm:luxon@3.7.2";

export function main() {
  Settings.defaultLocale = "en-US";
  const date = DateTime.fromISO("2024-01-31T10:20:30Z", { zone: "utc" });
  return { later: date.plus({ months: 1 }).toISO(), week: date.toISOWeekDate(), numbers: date.toFormat("yyyy/MM/dd HH:mm"), duration: Duration.fromISO("PT1H30M").as("minutes") };
}
