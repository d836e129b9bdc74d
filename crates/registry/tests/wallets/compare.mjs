// How two answers are compared.

/** Members whose values are each chain's own. Their form is compared, and not their value. */
const OWN = new Set([
  "baseFeePerGas",
  "blockHash",
  "blockTimestamp",
  "effectiveGasPrice",
  "extraData",
  "gasLimit",
  "gasPrice",
  "hash",
  "miner",
  "mixHash",
  "parentHash",
  "receiptsRoot",
  "size",
  "stateRoot",
  "timestamp",
]);

/** What a value looks like, without what it is. */
export function form(value) {
  if (value === null || typeof value !== "string") return value === null ? "null" : typeof value;
  if (!/^0x[0-9a-f]*$/i.test(value)) return "text";
  if (value.length === 66) return "32 bytes";
  if (value.length === 42) return "20 bytes";
  if (/^0x(0|[1-9a-f][0-9a-f]{0,31})$/.test(value)) return "quantity";
  return "bytes";
}

/** The places at which two answers differ; `equal` says whether values count beside names and forms. */
export function differences(ours, theirs, { equal, but = [] }, place = "", name = "") {
  const here = (what) => [`${place || "the answer"}: ${what}`];
  if (but.includes(name)) return [];
  if (Array.isArray(ours) && Array.isArray(theirs)) {
    if (ours.length !== theirs.length) return here(`${ours.length} and ${theirs.length} items`);
    return ours.flatMap((item, at) => differences(item, theirs[at], { equal, but }, `${place}[${at}]`, name));
  }
  const objects = [ours, theirs].map((value) => value !== null && typeof value === "object" && !Array.isArray(value));
  if (objects[0] && objects[1]) {
    const names = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].sort();
    return names.flatMap((member) => {
      if (but.includes(member)) return [];
      if (!(member in ours)) return here(`theirs has ${member}, ours has not`);
      if (!(member in theirs)) return here(`ours has ${member}, theirs has not`);
      return differences(ours[member], theirs[member], { equal, but }, place ? `${place}.${member}` : member, member);
    });
  }
  if (objects[0] || objects[1] || Array.isArray(ours) || Array.isArray(theirs)) {
    return here(`${JSON.stringify(ours)?.slice(0, 80)} and ${JSON.stringify(theirs)?.slice(0, 80)}`);
  }
  const same = equal && !OWN.has(name) ? ours === theirs : form(ours) === form(theirs);
  return same ? [] : here(`${JSON.stringify(ours)} and ${JSON.stringify(theirs)}`);
}

/** Whether an error has this code (any, if it is undefined) and these words. */
export function isError(answer, code, words) {
  const error = answer?.error;
  return (
    error !== undefined &&
    (code === undefined || error.code === code) &&
    error.message.toLowerCase().includes(words.toLowerCase())
  );
}
