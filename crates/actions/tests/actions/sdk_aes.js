(async () => {
  const tell = async (name, go) => console.log(name, await Promise.resolve().then(go).then((value) => JSON.stringify(value), (error) => `${error.name} ${error.code}: ${error.message}`));
  const symmetricKey = Lit.Actions.uint8arrayFromString("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "hex");
  const ciphertext = Lit.Actions.uint8arrayFromString("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff696c0199c367e417b1703857b8e2002b531708e99352ad3813aacbdb4f403938", "hex");
  await tell("decrypted", () => Lit.Actions.aesDecrypt({ symmetricKey, ciphertext }));
  await tell("arrays", () => Lit.Actions.aesDecrypt({ symmetricKey: [...symmetricKey], ciphertext: [...ciphertext] }));
  await tell("other key", () => Lit.Actions.aesDecrypt({ symmetricKey: symmetricKey.map((byte) => byte ^ 1), ciphertext }));
  await tell("cut", () => Lit.Actions.aesDecrypt({ symmetricKey, ciphertext: ciphertext.subarray(0, 20) }));
  await tell("short key", () => Lit.Actions.aesDecrypt({ symmetricKey: [1, 2], ciphertext }));
})();
