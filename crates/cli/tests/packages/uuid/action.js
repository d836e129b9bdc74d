// Makes identifiers of names and by chance, and reads one.
// Gives: {"id":"36b1f1cb-d7a6-57a1-bf18-525664a8d450","old":"67444525-67e8-3304-a4c7-152a5878336e","valid":true,"version":5,"bytes":"36b1f1cbd7a657a1bf18525664a8d450","drawn":[4,true]}
import { parse, v3, v4, v5, validate, version } from "npm:uuid@14.0.3";

export function main() {
  const id = v5("wallet.example", v5.DNS);
  return { id, old: v3("wallet.example", v3.DNS), valid: validate(id), version: version(id), bytes: Buffer.from(parse(id)).toString("hex"), drawn: [version(v4()), v4() !== v4()] };
}
