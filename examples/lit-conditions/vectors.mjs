// Writes docs/vectors/policies.json: conditions, and the hashes that the published packages compute of them.
//
//   npm ci --ignore-scripts && node vectors.mjs ../../docs/vectors/policies.json
//
// The same lists go through both majors; a list whose hashes differ stops the script. Nothing is drawn: the same run writes
// the same file. `cargo test --package quorate-policy` compares every hash with our own, and needs none of these packages.

import { createRequire } from "node:module";
import { writeFileSync } from "node:fs";

// The packages tell each list to their log; the file is what counts here.
process.env.LOG_LEVEL = "silent";
const require = createRequire(import.meta.url);
const majors = ["conditions7", "conditions8"].map((name) => require(name));

const HASHERS = {
  unified: "hashUnifiedAccessControlConditions",
  evm_basic: "hashAccessControlConditions",
  evm_contract: "hashEVMContractConditions",
  sol_rpc: "hashSolRpcConditions",
};

// Texts that serializers disagree on.
const TEXTS = [
  "", "plain", "caf\u00e9", "\u65e5\u672c\u8a9e", "\u2028", "a\u2029b", "\u{1f511}\u{1f3fd}", "\"quoted\"", "back\\slash", "a/b", "\u0000", "\u0001\u001f",
  "\b\t\n\f\r", "\u007f", "\u0080\u009f", "\ufeffmark", "<script>&amp;", "e\u0301", "\uffff", "0xABCDEFabcdef0000000000000000000000000000",
  ":userAddress", ":currentActionIpfsId", ":litParam:name", " spaces ", "__proto__", "x".repeat(300),
];
const NUMBERS = [
  0, -0, 1, -1, 0.1, 0.30000000000000004, 1.5, 100, 1e20, 123456789012345680000, 1e21, 1.5e21, 1e-6, 1e-7, 1.25e-7, 5e-324, 2.2250738585072014e-308,
  1.7976931348623157e308, 9007199254740991, 9007199254740993, 4294967295, -123.456, 1e100, 0.000001234, 333333333.33333329, 8.41e21, 2.0, 1e23,
];
const COMPARATORS = [">", "<", ">=", "<=", "=", "!=", "contains", "!contains"];
const OPERATORS = ["and", "or"];

const basic = (more = {}) => ({
  contractAddress: "", standardContractType: "", chain: "ethereum", method: "", parameters: [":userAddress"],
  returnValueTest: { comparator: "=", value: "0x50e2dac5e78B5905CB09495547452cEE64426db2" }, ...more,
});
const contract = (more = {}, abi = {}) => ({
  contractAddress: "0xb71a679cfff330591d556c4b9f21c7739ca9590c", functionName: "members", functionParams: [":userAddress"],
  functionAbi: {
    constant: true, inputs: [{ name: "", type: "address", internalType: "address" }], name: "members",
    outputs: [{ name: "delegateKey", type: "address" }, { name: "shares", type: "uint256", internalType: "uint256" }],
    payable: false, stateMutability: "view", type: "function", ...abi,
  },
  chain: "xdai", returnValueTest: { key: "shares", comparator: ">=", value: "1" }, ...more,
});
const solana = (more = {}) => ({
  method: "getBalance", params: [":userAddress"], chain: "solana",
  returnValueTest: { key: "", comparator: ">=", value: "100000000" }, ...more,
});
const solana2 = (more = {}) => solana({
  pdaParams: [], pdaInterface: { offset: 0, fields: {} }, pdaKey: "", ...more,
});
const cosmos = (more = {}) => ({
  path: "/cosmos/bank/v1beta1/balances/:userAddress", chain: "cosmos",
  returnValueTest: { key: "$.balances[0].amount", comparator: ">=", value: "1000000" }, ...more,
});
const typed = (conditionType, condition) => ({ conditionType, ...condition });
const join = (operator, ...items) => items.flatMap((item, index) => (index === 0 ? [item] : [{ operator }, item]));

const lists = [];
const add = (form, list) => lists.push({ form, list });
const KINDS = [["evm_basic", basic, "evmBasic"], ["evm_contract", contract, "evmContract"], ["sol_rpc", solana2, "solRpc"]];

// Each kind, alone in its own form and in the unified one, with each comparator and each text.
for (const [form, make, type] of [...KINDS, [undefined, cosmos, "cosmos"]]) {
  const both = (condition) => {
    if (form) add(form, [condition]);
    add("unified", [typed(type, condition)]);
  };
  for (const comparator of COMPARATORS) both(make({ returnValueTest: { ...make().returnValueTest, comparator } }));
  for (const value of TEXTS) add("unified", [typed(type, make({ returnValueTest: { ...make().returnValueTest, value } }))]);
}
for (const text of TEXTS) {
  add("evm_basic", [basic({ parameters: [text, "latest"], chain: text })]);
  add("evm_contract", [contract({ functionParams: [text], functionName: text }, { name: text, outputs: [{ name: text, type: "string" }] })]);
  add("sol_rpc", [solana({ params: [text], returnValueTest: { key: text, comparator: "=", value: text } })]);
}
// Numbers, truth values, nothing and structures where upstream takes any JSON.
for (const number of NUMBERS) {
  add("sol_rpc", [solana({ params: [number] })]);
  add("unified", [typed("solRpc", solana2({ params: [number, [number]], pdaParams: [{ number }], pdaInterface: { offset: number, fields: { number } } }))]);
}
for (const value of [true, false, null, [], {}, [null, [true]], { b: 1, a: 2 }, { 10: 1, 9: 2, z: 3, "01": 4, "-1": 5, 4294967295: 6, 4294967294: 7 }, { "": { "\u2028": [{}] } }]) {
  add("sol_rpc", [solana({ params: [value] })]);
  add("sol_rpc", [solana2({ params: [], pdaParams: [value], pdaInterface: { offset: 8, fields: { value } }, pdaKey: "value" })]);
  add("evm_basic", [basic({ parameters: [value] })]);
  add("evm_contract", [contract({ functionParams: [value] })]);
}
// Members that are absent or null, and those that the canonical form drops.
for (const name of ["contractAddress", "chain", "standardContractType", "method", "parameters"]) {
  add("evm_basic", [basic({ [name]: undefined })]);
  add("evm_basic", [basic({ [name]: null })]);
}
for (const name of ["contractAddress", "chain", "functionName", "functionParams"]) add("evm_contract", [contract({ [name]: undefined })]);
for (const constant of [undefined, null, true, false]) add("evm_contract", [contract({}, { constant })]);
for (const stateMutability of [undefined, null, "pure"]) add("evm_contract", [contract({}, { stateMutability, inputs: [{ type: "uint256" }, { name: "x" }] })]);
add("evm_contract", [contract({ returnValueTest: { comparator: "=", value: "true" } }, { gas: 24000, outputs: [], inputs: [] })]);
add("unified", [typed("cosmos", cosmos({ method: "timelock", parameters: ["1", "2"] }))]);
add("unified", [typed("cosmos", cosmos({ method: undefined, parameters: null, path: ":userAddress" }))]);
add("unified", [typed("cosmos", cosmos({ chain: "kyve", returnValueTest: { comparator: "=", value: "x" } }))]);
// Any order of the members gives the same text.
for (const [form, make] of KINDS) add(form, [Object.fromEntries(Object.entries(make()).reverse())]);
// Operators and groups.
for (const operator of OPERATORS) {
  add("evm_basic", join(operator, basic(), basic({ method: "eth_getBalance" }), basic()));
  add("evm_contract", join(operator, contract(), contract()));
  add("sol_rpc", join(operator, solana(), solana2()));
  add("evm_basic", [join(operator, basic(), [join(operator, basic(), basic())])]);
  add("unified", join(operator, typed("evmBasic", basic()), join("or", typed("solRpc", solana2()), [typed("cosmos", cosmos())]), typed("evmContract", contract())));
}
add("unified", [[[[[typed("evmBasic", basic())]]]], { operator: "or" }, typed("evmBasic", basic()), { operator: "and" }, typed("evmBasic", basic())]);
add("evm_basic", [basic(), basic()]);
add("evm_basic", [[basic(), basic()], basic()]);
add("unified", join("or", ...Array.from({ length: 30 }, (_, index) => typed("evmBasic", basic({ parameters: [`${index}`] })))));

const hex = (buffer) => Buffer.from(buffer).toString("hex");
const vectors = [];
for (const { form, list } of lists) {
  // What crosses a process is JSON: members that are undefined are not there.
  const text = JSON.stringify(list);
  const hashes = [];
  for (const package_ of majors) {
    hashes.push(hex(await package_[HASHERS[form]](list)), hex(await package_[HASHERS[form]](JSON.parse(text))));
  }
  if (new Set(hashes).size !== 1) throw new Error(`hashes differ for ${text}: ${hashes}`);
  vectors.push({ form, text, sha256: hashes[0] });
}
const written = vectors.map((vector) => JSON.stringify(vector)).join(",\n");
writeFileSync(process.argv[2], `[\n${written}\n]\n`);
console.error(`${vectors.length} vectors`);
