// Groups, sorts, copies and compares.
// Gives: {"sorted":[{"name":"a","tags":["y","x"]},{"name":"b","tags":["x"]}],"grouped":{"1":[{"name":"b","tags":["x"]}],"2":[{"name":"a","tags":["y","x"]}]},"equal":true,"camel":"publicKeyOfAQuorum","chunks":[[1,2],[3,4],[5]],"merged":{"a":{"b":1,"c":[2]}}}
import _ from "npm:lodash@4.18.1";

export function main() {
  const keys = [{ name: "b", tags: ["x"] }, { name: "a", tags: ["y", "x"] }];
  const copy = _.cloneDeep(keys);
  return { sorted: _.sortBy(keys, "name"), grouped: _.groupBy(keys, "tags.length"), equal: _.isEqual(keys, copy), camel: _.camelCase("public-key of a quorum"), chunks: _.chunk([1, 2, 3, 4, 5], 2), merged: _.merge({ a: { b: 1 } }, { a: { c: [2] } }) };
}
