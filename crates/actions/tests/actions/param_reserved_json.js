// params: {"fine": 1, "JSON": {}}
Lit.Actions.setResponse({ response: "unreachable" });
