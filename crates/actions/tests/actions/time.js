const start = Date.now();
const at = () => Date.now() - start;
console.log(start, new Date().toISOString(), new Date(0).getTimezoneOffset(), performance.now());
setTimeout((x) => console.log('timer', x, at()), 500, 'b');
setTimeout(() => console.log('timer a', at()), 100.9);
setTimeout(() => console.log('timer c', at()), 200);
const id = setTimeout(() => console.log('never'), 300);
clearTimeout(id);
let count = 0;
const repeated = setInterval(() => {
  console.log('interval', at(), performance.now());
  if (++count === 3) clearInterval(repeated);
}, 150);
(async () => {
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error('timed out')), 50));
  const answer = await Promise.race([fetch('https://host.test/slow/1'), late.catch(() => ({ status: 'late' }))]);
  console.log('race', answer.status, at());
})();
