const main = async () => {
  console.log('main runs');
};
setTimeout(() => main(), 1);
