// Adds to a date, formats it, and measures between two.
// Gives: {"later":"2024-02-29T10:20:30.000Z","text":"Wednesday, 31st January 2024 10:20:30","days":21,"parsed":"Invalid Date","valid":true,"day":"2024-01-31"}
import { addMonths, differenceInBusinessDays, format, formatISO, isValid, parse, parseISO } from "npm:date-fns@4.4.0";

export function main() {
  const date = parseISO("2024-01-31T10:20:30Z");
  return {
    later: addMonths(date, 1).toISOString(), text: format(date, "EEEE, do MMMM yyyy HH:mm:ss"), days: differenceInBusinessDays(new Date(Date.UTC(2024, 1, 29)), date),
    parsed: parse("29/02/2023", "dd/MM/yyyy", date).toString(), valid: isValid(parse("29/02/2024", "dd/MM/yyyy", date)), day: formatISO(date, { representation: "date" }),
  };
}
