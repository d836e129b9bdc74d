let depth = 0;
const dive = () => { depth++; dive(); };
try {
  dive();
} catch (error) {
  Lit.Actions.setResponse({ response: `${error.name} ${depth > 2000}` });
}
