// Writes a well-known message and reads it back.
// Gives: {"hex":"08c0d490cd061005","json":"\"2026-03-01T12:00:00.000000005Z\""}
import { create, fromBinary, toBinary, toJsonString } from "npm:@bufbuild/protobuf@2.17.0";
import { TimestampSchema } from "npm:@bufbuild/protobuf@2.17.0/wkt";

export function main() {
  const bytes = toBinary(TimestampSchema, create(TimestampSchema, { seconds: 1772366400n, nanos: 5 }));
  return { hex: Buffer.from(bytes).toString("hex"), json: toJsonString(TimestampSchema, fromBinary(TimestampSchema, bytes)) };
}
