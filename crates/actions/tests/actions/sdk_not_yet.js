for (const name of ['encrypt', 'decryptAndCombine', 'decryptToSingleNode', 'checkConditions']) {
  Lit.Actions[name]({}).catch((error) => console.log(error.code, error.message));
}
