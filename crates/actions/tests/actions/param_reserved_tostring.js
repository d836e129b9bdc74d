// params: {"fine": 1, "toString": {}}
Lit.Actions.setResponse({ response: "unreachable" });
