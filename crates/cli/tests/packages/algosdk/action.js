// Makes a payment, its identifier and its bytes.
// Gives: {"address":"5JFGYY7CTRJAVPXVKB5RGLWF7GKUO5VOX27HXESCD3VGSFCG2IWAKDM5YU","id":"ET7JPN6T43KOU6J22MLJ7H5TRYFHXM35K555QQINVL2N6IBDKRTA","signed":"gqNzaWfEQKjiFQle4XLv89IXvuvodPHA3+qQZs1NLfU4REJJimRChVOGuCb1SwF7BeKwRUiDWe5VSG7bHMYMRbhox0k18AGjdHhuiaNhbXQFo2ZlZc0D6KJmdgGjZ2VupW5ldC0xomdoxCABAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAaJsds0D6aNyY3bEIOpKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIso3NuZMQg6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iykdHlwZaNwYXk="}
import algosdk from "npm:algosdk@3.8.0";

export function main() {
  const account = algosdk.mnemonicToSecretKey(algosdk.secretKeyToMnemonic(new Uint8Array(64).fill(7)));
  const suggestedParams = { fee: 1000, flatFee: true, minFee: 1000, firstValid: 1, lastValid: 1001, genesisID: "net-1", genesisHash: new Uint8Array(32).fill(1) };
  const payment = algosdk.makePaymentTxnWithSuggestedParamsFromObject({ sender: account.addr, receiver: account.addr, amount: 5, suggestedParams });
  return { address: account.addr.toString(), id: payment.txID(), signed: Buffer.from(payment.signTxn(account.sk)).toString("base64") };
}
