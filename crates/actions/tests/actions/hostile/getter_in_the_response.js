// ends: limit_cpu
Lit.Actions.setResponse({ get response() { for (;;); } });
