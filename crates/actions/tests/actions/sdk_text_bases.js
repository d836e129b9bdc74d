const { uint8arrayToString, uint8arrayFromString } = Lit.Actions;
for (const encoding of ["utf8","utf-8","hex","base2","base8","base10","base16","base16upper","base32","base32upper","base32pad","base32hex","base32hexpad","base32z","base36","base58btc","base58flickr","base64","base64pad","base64url","base64urlpad","ascii","latin1","binary"]) {
  const text = uint8arrayToString(new TextEncoder().encode('yes mani !'), encoding);
  console.log(encoding, text, uint8arrayToString(uint8arrayFromString(text, encoding)));
}
for (const [text, encoding] of [['0x12', 'hex'], ['AB', 'hex'], ['abc', 'hex'], ['a', 'base64'], ['0OIl', 'base58btc'], ['x', 'rot13'], ['x', '__proto__']]) {
  try {
    console.log(text, encoding, uint8arrayFromString(text, encoding));
  } catch (error) {
    console.log(text, encoding, `${error}`);
  }
}
