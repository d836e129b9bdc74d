// It is said once.
async function main() {
  await Lit.Actions.runOnce({ waitForResponse: true, name: 'missing' }, async () => jsParams.where.length);
}
