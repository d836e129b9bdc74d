// Signs a payment and reads it.
// Gives: {"address":"rEhh6f9rj5UUBhFzGGaxS5zYU2CCqKFXBC","hash":"77C7C3E851478E9E2F9441A74D0D2CE2F01A071F8BD7786898BB13F51A5D22A6","amount":"1500000","blob":"120000240000000161400000000016E36068400000000000000C7321EDF9096653463E3A0B79A67E69D9E66AB83D93D4E867335ADE5DAFE8467F4F17347440D3F7A3C5A47CA73251D974ABB9419FC001020ACF7816A786B69B49BAA5C0C2CE33DA1EEF7F9384367A5336F97D4AEB1D7F96DA53FE49898ABCA60858A7FB750B81149A26172134BFDA9708A73305AF2776A26DB7B4F583140000000000000000000000000000000000000001"}
import { Wallet, decode, xrpToDrops } from "npm:xrpl@5.3.0";

export function main() {
  const wallet = Wallet.fromEntropy(new Uint8Array(16).fill(7));
  const signed = wallet.sign({ TransactionType: "Payment", Account: wallet.address, Destination: "rrrrrrrrrrrrrrrrrrrrBZbvji", Amount: xrpToDrops("1.5"), Fee: "12", Sequence: 1 });
  return { address: wallet.address, hash: signed.hash, amount: decode(signed.tx_blob).Amount, blob: signed.tx_blob };
}
