// Compiles src/*.sol and test/*.sol with the pinned compiler and writes artifacts/<Name>.json and
// artifacts/test/<Name>.json, which are committed: a plain `cargo build` needs no Node. `--check` writes nothing and
// fails on any difference.
import { readFileSync, writeFileSync, readdirSync, mkdirSync, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import solc from "solc";

// A chain accepts 24,576.
const BYTES_MAX = 20_000;
const root = dirname(fileURLToPath(import.meta.url));
const deployed = [
  "ContractResolver",
  "Directory",
  "Ledger",
  "NodeRegistry",
  "PKPHelper",
  "PKPNFT",
  "PKPPermissions",
  "PaymentDelegation",
  "PriceFeed",
  "PubkeyRouter",
];
// Contracts that tests and the benchmark put beside ours.
const beside = { Puppet: "Puppet", PlainToken: "PlainToken", PlainListedToken: "PlainToken", Silence: "Silence" };
// Where a contract is in the sources and in the artifacts.
const places = [
  ...deployed.map((name) => ({ name, source: `${name}.sol`, file: `${name}.json` })),
  ...Object.entries(beside).map(([name, unit]) => ({ name, source: `test/${unit}.sol`, file: `test/${name}.json` })),
];
const check = process.argv.includes("--check");

const read = (folder, prefix) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".sol"))
    .sort()
    .map((name) => [prefix + name, { content: readFileSync(join(root, folder, name), "utf8") }]);
const sources = Object.fromEntries([...read("src", ""), ...read("test", "test/")]);

const input = {
  language: "Solidity",
  sources,
  settings: {
    evmVersion: "cancun",
    optimizer: { enabled: true, runs: 10_000 },
    // No metadata: the bytecode depends on the code alone, not on comments or file names.
    metadata: { appendCBOR: false, bytecodeHash: "none" },
    outputSelection: {
      "*": {
        "*": [
          "abi",
          "evm.bytecode.object",
          "evm.deployedBytecode.object",
          "evm.deployedBytecode.immutableReferences",
          "storageLayout",
        ],
      },
    },
  },
};

const findImport = (path) => {
  const file = join(root, "node_modules", path);
  return path.startsWith("@openzeppelin/") && existsSync(file)
    ? { contents: readFileSync(file, "utf8") }
    : { error: `not found: ${path}` };
};

const output = JSON.parse(solc.compile(JSON.stringify(input), { import: findImport }));
// 2394 reminds that transient storage lasts for the whole transaction, which is what PKPNFT wants of it. 2018 says what
// could be pure: a function that refuses stays a transaction in these, as client libraries have it; they would not send another.
const refusing = ["ContractResolver.sol", "Ledger.sol", "PaymentDelegation.sol"];
const problems = (output.errors ?? []).filter(
  ({ errorCode, sourceLocation }) =>
    errorCode !== "2394" &&
    !(errorCode === "2018" && refusing.includes(sourceLocation?.file)) &&
    !sourceLocation?.file.startsWith("@"),
);
for (const problem of problems) console.error(problem.formattedMessage);
if (problems.length > 0) process.exit(1);

let different = 0;
mkdirSync(join(root, "artifacts", "test"), { recursive: true });
for (const { name, source, file: artifactFile } of places) {
  const { abi, evm, storageLayout } = output.contracts[source][name];
  const artifact = {
    abi,
    bytecode: `0x${evm.bytecode.object}`,
    deployedBytecode: `0x${evm.deployedBytecode.object}`,
    // The keys are numbers of syntax-tree nodes and mean nothing outside: only the places matter.
    immutableReferences: Object.values(evm.deployedBytecode.immutableReferences).flat().sort((a, b) => a.start - b.start),
    storage: Object.fromEntries(storageLayout.storage.map(({ label, slot }) => [label, Number(slot)])),
  };
  const text = `${JSON.stringify(artifact, null, 1)}\n`;
  const file = join(root, "artifacts", artifactFile);
  const same = existsSync(file) && readFileSync(file, "utf8") === text;
  const bytes = (artifact.deployedBytecode.length - 2) / 2;
  if (bytes > BYTES_MAX) {
    console.error(`${name}: ${bytes} bytes are more than ${BYTES_MAX}`);
    process.exit(1);
  }
  if (check && !same) {
    console.error(`${name}: the committed artifact is not what the sources give; run: node contracts/build.mjs`);
    different += 1;
  }
  if (!check) {
    writeFileSync(file, text);
    console.log(`${name}: ${bytes} bytes${same ? "" : " (changed)"}`);
  }
}
process.exit(different === 0 ? 0 : 1);
