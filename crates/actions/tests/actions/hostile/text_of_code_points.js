// ends: action_threw limit_cpu limit_memory
String.fromCodePoint(...new Array(1e7).fill(65));
