// What is printed is what Node.js 20 prints, except as docs/actions.md lists: the order of timers and microtasks.
const out = []; const t0 = Date.now();
setTimeout(() => out.push('t10'), 10); setTimeout(() => out.push('t0')); setTimeout(() => out.push('t1'), 1); setTimeout((a, b) => out.push('args' + a + b), 5, 1, 2);
setTimeout(() => { out.push('A'); Promise.resolve().then(() => out.push('micro')); queueMicrotask(() => out.push('qm')); process.nextTick; }, 2); setTimeout(() => out.push('B'), 3);
let n = 0; const iv = setInterval(() => { out.push('iv' + ++n); if (n === 3) clearInterval(iv); }, 20);
const dead = setTimeout(() => out.push('dead'), 4); clearTimeout(dead); clearTimeout(undefined); clearTimeout(null); clearTimeout({});
setTimeout(() => console.log(out.join(' ')), 200); Promise.resolve().then(() => out.push('p')); queueMicrotask(() => out.push('q')); out.push('sync');
for (const f of [() => setTimeout('x'), () => setInterval(), () => setImmediate(5), () => queueMicrotask(1)]) try { f(); } catch (e) { console.log(e.name, e.code); }
setTimeout(() => { setTimeout(() => out.push('nested'), 0); setImmediate(() => out.push('imm')); const i = setImmediate(() => out.push('never')); clearImmediate(i); }, 30);
(async () => { await null; out.push('aw1'); await new Promise((r) => setTimeout(r, 50)); out.push('aw2'); })();
