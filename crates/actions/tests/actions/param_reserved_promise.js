// params: {"fine": 1, "Promise": {}}
Lit.Actions.setResponse({ response: "unreachable" });
