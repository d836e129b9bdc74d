Lit.Actions.checkConditions({}).catch((error) => console.log(error.code, error.message));
