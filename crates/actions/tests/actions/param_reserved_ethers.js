// params: {"fine": 1, "ethers": {}}
Lit.Actions.setResponse({ response: "unreachable" });
