// Every function of every contract through ethers v6: npm ci, then: node ethers-v6.mjs [FOLDER]
import { ethers } from "ethers-v6";
import { everyCall } from "./every-call.mjs";

function connect({ rpc, chainId, key }) {
  const provider = new ethers.JsonRpcProvider(rpc, chainId, { staticNetwork: true, pollingInterval: 50, cacheTimeout: -1 });
  const wallet = new ethers.Wallet(key, provider);
  const of = ({ address, abi, signature }) => new ethers.Contract(address, abi, wallet).getFunction(signature);
  return {
    me: wallet.address,
    read: (target, args) => of(target).staticCall(...args),
    async write(target, args) {
      const sent = await of(target).send(...args);
      return (await sent.wait()).logs[0].topics;
    },
    refusal: (target, args) => of(target).staticCall(...args).then(
      () => "nothing was refused",
      // An error with a name of its own, or the text of `Error(string)`.
      (error) => (error.revert?.name === "Error" ? error.reason : error.revert?.name ?? error.message),
    ),
  };
}

await everyCall("ethers v6", connect, process.argv[2]);
