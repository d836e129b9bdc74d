const numbers = Array.from({ length: 3 }, () => Math.floor(Math.random() * 1e6));
console.log(numbers.join(' '));
