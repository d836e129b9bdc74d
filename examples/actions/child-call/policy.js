// The policy that child-call/action.js asks: small amounts go anywhere, large ones to one address.
// It is an action of its own, so several others can share it, and it can be read and tested alone.
const HOME = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8';
const allowed = BigInt(amount) <= 1000n || to === HOME;
const caller = Lit.Auth.actionIpfsIdStack.length;
Lit.Actions.setResponse({ response: JSON.stringify({ allowed, depth: caller }) });
