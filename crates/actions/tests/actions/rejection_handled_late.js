const rejected = Promise.reject(new Error('somebody listens'));
setTimeout(() => rejected.catch((error) => console.log(error.message)), 10);
