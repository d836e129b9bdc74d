// Greets whoever calls by the ids of their logins. With a key and a text, it signs the text if the caller may use the key.
async function main({ publicKey, text }) {
  const ids = Lit.Auth.authMethodContexts.map(({ id, authMethodType, userId }) => ({ id, authMethodType, userId }));
  if (!publicKey || typeof text !== "string") return { ids };
  try {
    await Lit.Actions.ethPersonalSignMessageEcdsa({ message: text, publicKey, sigName: "text" });
    return { ids, signed: true };
  } catch (error) {
    return { ids, signed: false, reason: String(error.code ?? error.message) };
  }
}
