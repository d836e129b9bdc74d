// Formats a time in another zone: this needs `Intl`.
import { formatInTimeZone } from "npm:date-fns-tz@3.2.0";

export function main() {
  return formatInTimeZone(new Date("2026-03-01T12:00:00Z"), "Asia/Tokyo", "yyyy-MM-dd HH:mm");
}
