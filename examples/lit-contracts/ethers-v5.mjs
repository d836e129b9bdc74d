// Every function of every contract through ethers v5: npm ci, then: node ethers-v5.mjs [FOLDER]
import { ethers } from "ethers";
import { everyCall } from "./every-call.mjs";

function connect({ rpc, chainId, key }) {
  const provider = new ethers.providers.StaticJsonRpcProvider(rpc, chainId);
  provider.pollingInterval = 50;
  const wallet = new ethers.Wallet(key, provider);
  const of = ({ address, abi }) => new ethers.Contract(address, abi, wallet);
  return {
    me: wallet.address,
    read: (target, args) => of(target).callStatic[target.signature](...args),
    async write(target, args) {
      const sent = await of(target).functions[target.signature](...args);
      return (await sent.wait()).logs[0].topics;
    },
    refusal: (target, args) => of(target).callStatic[target.signature](...args).then(
      () => "nothing was refused",
      // An error with a name of its own, or the text of `Error(string)`.
      (error) => (error.errorName === "Error" ? error.reason : error.errorName ?? error.message),
    ),
  };
}

await everyCall("ethers v5", connect, process.argv[2]);
