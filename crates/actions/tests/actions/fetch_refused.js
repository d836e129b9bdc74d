(async () => {
  try {
    await fetch('http://169.254.169.254/latest/meta-data');
  } catch (error) {
    console.log(error.code, error.message);
  }
  await fetch('file:///etc/passwd');
})();
