// A contract that stores, tells, and fails in every way that there is. It is assembled here, so no compiler is needed.
import { AbiCoder, id, Interface } from "ethers";

export const ABI = [
  "function set(uint256 value)",
  "function get() view returns (uint256)",
  "function failText()",
  "function failPanic()",
  "function failCustom()",
  "function failEmpty()",
  "function failInvalid()",
  "function failGas()",
  "event Set(address indexed by, uint256 value)",
  "error Refused(address who, uint256 most)",
];
export const TEXT = "not today";
export const face = new Interface(ABI);

const coder = AbiCoder.defaultAbiCoder();
const hex = (number, bytes) => number.toString(16).padStart(2 * bytes, "0");
const selector = (signature) => id(signature).slice(2, 10);

/** Reverts with these bytes: each word is pushed and stored. */
function revertWith(data) {
  const bytes = data.replace("0x", "");
  let code = "";
  for (let at = 0; at < bytes.length; at += 64) {
    // PUSH32 word, PUSH2 offset, MSTORE
    code += `7f${bytes.slice(at, at + 64).padEnd(64, "0")}61${hex(at / 2, 2)}52`;
  }
  // PUSH2 length, PUSH0, REVERT
  return `${code}61${hex(bytes.length / 2, 2)}5ffd`;
}

const bodies = {
  // value → slot 0; LOG2 of the value with the topics Set and CALLER; STOP.
  "set(uint256)": `600435805f555f5233${`7f${id("Set(address,uint256)").slice(2)}`}60205fa200`,
  "get()": "5f545f5260205ff3",
  "failText()": revertWith(selector("Error(string)") + coder.encode(["string"], [TEXT]).slice(2)),
  "failPanic()": revertWith(selector("Panic(uint256)") + hex(0x11, 32)),
  "failCustom()": revertWith(face.encodeErrorResult("Refused", [`0x${"00".repeat(19)}01`, 7])),
  "failEmpty()": "5f5ffd",
  "failInvalid()": "fe",
  // Jumps to its own beginning: the place is put in below.
  "failGas()": "61LOOP56",
};

function assemble() {
  const entries = Object.entries(bodies);
  // PUSH0 CALLDATALOAD PUSH1 224 SHR, then for each: DUP1 PUSH4 EQ PUSH2 JUMPI; at last a revert.
  const head = 5 + entries.length * 11 + 3;
  let places = head;
  let table = "5f3560e01c";
  let code = "";
  for (const [signature, body] of entries) {
    const place = hex(places, 2);
    table += `8063${selector(signature)}1461${place}57`;
    const full = `5b${body.replace("LOOP", place)}`;
    code += full;
    places += full.length / 2;
  }
  return `${table}5f5ffd${code}`;
}

const runtime = assemble();
/** Creation code: PUSH2 length, PUSH1 12, PUSH0, CODECOPY, PUSH2 length, PUSH0, RETURN. */
export const BYTECODE = `0x61${hex(runtime.length / 2, 2)}600c5f3961${hex(runtime.length / 2, 2)}5ff3${runtime}`;
export const RUNTIME = `0x${runtime}`;
