// ends: action_threw
(function f() { f(); })();
