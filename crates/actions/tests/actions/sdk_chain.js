(async () => {
  const tell = async (name, go) => console.log(name, await Promise.resolve().then(go).then((value) => JSON.stringify(value), (error) => `${error.name} ${error.code}: ${error.message}`));
  const { callContract, getLatestNonce, getRpcUrl } = Lit.Actions;
  const legacy = "0xe9098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080";
  const typed = "0x02f8648221058080808094363636363636363636363636363636363636363680b844a9059cbb00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000c0";
  await tell("url", () => getRpcUrl({ chain: "base" }));
  await tell("nonce", () => getLatestNonce({ chain: "base", address: "0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" }));
  await tell("typed", () => callContract({ chain: "base", txn: typed }));
  await tell("the block is chosen once", () => callContract({ chain: "base", txn: typed.slice(2) }));
  await tell("legacy, on the own chain", () => callContract({ chain: "quorate", txn: legacy }));
  await tell("no such chain", () => callContract({ chain: "nowhere", txn: legacy }));
  await tell("nonce nowhere", () => getLatestNonce({ chain: "nowhere", address: "0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" }));
  await tell("cut", () => callContract({ chain: "base", txn: typed.slice(0, -2) }));
  await tell("longer", () => callContract({ chain: "base", txn: legacy + "00" }));
  await tell("no transaction", () => callContract({ chain: "base", txn: "0xc0" }));
  await tell("makes a contract", () => callContract({ chain: "base", txn: "0xc6808080808080" }));
  await tell("odd chain", () => getRpcUrl({ chain: "https://evil" }));
})();
