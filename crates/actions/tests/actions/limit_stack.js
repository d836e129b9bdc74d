// limits: stack_bytes=100000
const depth = () => {
  try {
    return 1 + depth();
  } catch (error) {
    console.log(error instanceof RangeError);
    return 0;
  }
};
Lit.Actions.setResponse({ response: String(depth() < 500) });
