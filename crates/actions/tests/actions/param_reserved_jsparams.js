// params: {"fine": 1, "jsParams": {}}
Lit.Actions.setResponse({ response: "unreachable" });
