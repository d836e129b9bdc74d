// A time lock: the key signs nothing before a day that stands in the code, whoever asks.
// The time is the request's, which every node has compared with its own clock.
const UNLOCKS = Date.parse('2027-01-01T00:00:00Z');

async function main({ publicKey, digest }) {
  const left = UNLOCKS - Date.now();
  if (left > 0) return { unlocked: false, days: Math.ceil(left / 86400000) };
  await Lit.Actions.signEcdsa({ toSign: ethers.utils.arrayify(digest), publicKey, sigName: 'unlocked' });
  return { unlocked: true };
}
