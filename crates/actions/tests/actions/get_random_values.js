try {
  crypto.getRandomValues(new Uint8Array(8));
} catch (error) {
  console.log(error.code);
}
crypto.randomUUID();
