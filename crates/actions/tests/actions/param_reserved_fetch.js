// params: {"fine": 1, "fetch": {}}
Lit.Actions.setResponse({ response: "unreachable" });
