// params: {"fine": 1, "Lit": {}}
Lit.Actions.setResponse({ response: "unreachable" });
