for (let i = 0; i < 2000; i++) setTimeout(() => {}, i);
