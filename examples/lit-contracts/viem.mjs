// Every function of every contract through viem: npm ci, then: node viem.mjs [FOLDER]
import { ContractFunctionRevertedError, createPublicClient, createWalletClient, defineChain, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { everyCall } from "./every-call.mjs";

function connect({ rpc, chainId, key }) {
  const account = privateKeyToAccount(key), transport = http(rpc);
  const chain = defineChain({
    id: chainId, name: "quorate", nativeCurrency: { name: "ether", symbol: "ETH", decimals: 18 }, rpcUrls: { default: { http: [rpc] } },
  });
  const client = createPublicClient({ chain, transport, pollingInterval: 50, cacheTime: 0 });
  const wallet = createWalletClient({ chain, transport, account });
  // The one function that is meant, beside all events and errors: of several with one name viem takes the first that fits.
  const of = ({ address, abi, entry }, args) => ({
    account, address, abi: [entry, ...abi.filter(({ type }) => type !== "function")], functionName: entry.name, args,
  });
  return {
    me: account.address,
    read: (target, args) => client.readContract(of(target, args)),
    async write(target, args) {
      const hash = await wallet.writeContract(of(target, args));
      return (await client.waitForTransactionReceipt({ hash })).logs[0].topics;
    },
    refusal: (target, args) => client.simulateContract(of(target, args)).then(
      () => "nothing was refused",
      (error) => {
        const refused = error.walk((cause) => cause instanceof ContractFunctionRevertedError);
        // An error with a name of its own, or the text of `Error(string)`.
        return refused?.data?.errorName === "Error" ? refused.reason : refused?.data?.errorName ?? error.message;
      },
    ),
  };
}

await everyCall("viem", connect, process.argv[2]);
