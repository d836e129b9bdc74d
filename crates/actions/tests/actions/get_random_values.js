// Each answer from outside makes the next bytes those of a new value.
(async () => {
  const first = crypto.getRandomValues(new Uint16Array(4));
  console.log(first, crypto.randomUUID());
  await fetch('https://host.test/json');
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['encrypt', 'decrypt']);
  console.log(key, (await crypto.subtle.exportKey('jwk', key)).k);
  const mac = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256', length: 128 }, true, ['sign']);
  console.log(mac.algorithm, (await crypto.subtle.exportKey('jwk', mac)).k);
  console.log(ethers.utils.hexlify(ethers.utils.randomBytes(7)));
  const wallet = ethers.Wallet.createRandom();
  console.log(wallet.address, wallet.mnemonic.phrase.split(' ').length);
  await Lit.Actions.runOnce({ name: 'once', waitForResponse: true }, async () => {
    for (const draw of [() => crypto.getRandomValues(new Uint8Array(1)), () => crypto.randomUUID(), () => ethers.utils.randomBytes(1)]) {
      try {
        draw();
      } catch (error) {
        console.log(error.code, error.message);
      }
    }
    await crypto.subtle.generateKey({ name: 'AES-CBC', length: 128 }, true, ['encrypt']).catch((error) => console.log(error.code));
  });
  for (const draw of [() => crypto.getRandomValues(new Uint8Array(65537)), () => crypto.getRandomValues([1]), () => (0, crypto.randomUUID)()]) {
    try {
      draw();
    } catch (error) {
      console.log(error.name, error.code, error.message, error instanceof DOMException);
    }
  }
})();
