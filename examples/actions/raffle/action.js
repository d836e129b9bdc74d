// Draws one of so many tickets, each with the same chance, and signs the draw as typed data; a reader takes a raffle's first draw.
// Whoever asks again gets another one: what to do where the one who asks could gain is in docs/protocols/randomness.md.
const DOMAIN = { name: 'Raffle', version: '1' };
const TYPES = {
  Draw: [
    { name: 'raffle', type: 'string' },
    { name: 'ticketList', type: 'bytes32' },
    { name: 'tickets', type: 'uint32' },
    { name: 'winner', type: 'uint32' },
    { name: 'drawnAt', type: 'uint64' },
  ],
};
const NUMBERS = 2 ** 32;

const refuse = (reason) => Lit.Actions.setResponse({ response: JSON.stringify({ drawn: false, reason }) });

// A number below `count`. The remainder of a random number would favour the first ones, so the numbers of the last, incomplete
// round are drawn again.
const below = (count) => {
  const complete = NUMBERS - (NUMBERS % count);
  const number = new Uint32Array(1);
  do {
    crypto.getRandomValues(number);
  } while (number[0] >= complete);
  return number[0] % count;
};

const go = async () => {
  if (!Number.isInteger(tickets) || tickets < 1 || tickets >= NUMBERS) return refuse('there must be one ticket at least');
  if (Date.now() < Date.parse(closes)) return refuse('tickets are still sold');
  const draw = { raffle, ticketList, tickets, winner: below(tickets), drawnAt: Math.floor(Date.now() / 1000) };
  const digest = ethers.utils._TypedDataEncoder.hash(DOMAIN, TYPES, draw);
  await Lit.Actions.signEcdsa({ toSign: ethers.utils.arrayify(digest), publicKey, sigName: 'draw' });
  Lit.Actions.setResponse({ response: JSON.stringify({ drawn: true, ...draw, digest }) });
};
go();
