// params: {"fine": 1, "__proto__": {}}
Lit.Actions.setResponse({ response: "unreachable" });
