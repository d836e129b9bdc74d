// limits: fetches=3
Promise.allSettled([1, 2, 3, 4].map((n) => fetch(`https://host.test/slow/${n}`)));
