// params: {"name": "x"}
// A script that never reads `main` leaves the call to the runtime, whatever else it does.
setTimeout(() => console.log('a timer'), 5);
Promise.resolve().then(() => console.log('a job'));
const prices = fetch('https://host.test/json').then((answer) => answer.json());
async function main({ name }) {
  return `${name} ${(await prices).price}`;
}
