/// constructors_and_prototypes
for (const E of [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError]) {
  const e = new E('m');
  show(e, String(e), e.message, E('called') instanceof E, E.length, E.name, Object.getPrototypeOf(E).name, ['constructor', 'name', 'message'].map((k) => describe(E.prototype)[k]));
}

/// own_properties
const e = new Error('m', { cause: null });
show(Object.keys(e), Object.hasOwn(e, 'message'), Object.hasOwn(e, 'cause'), Object.hasOwn(new Error(), 'message'), Object.hasOwn(new Error('x', {}), 'cause'), Object.hasOwn(new Error(undefined), 'message'), new Error('').message, new Error(5).message, new Error(null).message, Object.getOwnPropertyDescriptor(e, 'message').enumerable, JSON.stringify(e));

/// stack_is_an_own_property
show(Object.hasOwn(new Error('m'), 'stack'));

/// cause
const e = new TypeError('outer', { cause: new RangeError('inner', { cause: 'root' }) });
show(e, e.cause.message, e.cause.cause, new Error('x', { cause: undefined }), new Error('x', 5), new AggregateError([1], 'm', { cause: 2 }));

/// aggregate_error
const e = new AggregateError(new Set([new Error('a'), 2]), 'many');
show(e, e.message, e.errors.length, describe(e).errors[0], AggregateError.length, thrown(() => new AggregateError(1)), AggregateError([]) instanceof AggregateError, Object.getPrototypeOf(AggregateError) === Error);

/// to_string_combinations
const s = (o) => Error.prototype.toString.call(o);
show(s({ name: 'N', message: 'm' }), s({ name: '', message: 'm' }), s({ name: 'N', message: '' }), s({}), s({ name: undefined, message: undefined }), s({ name: null, message: 1 }), thrown(() => s(1)), thrown(() => s(undefined)), String(Object.assign(new Error('m'), { name: 'Own' })));

/// thrown_values_are_kept
for (const v of [1, 'text', null, undefined, {}, [1], Symbol.iterator, 1n]) { try { throw v; } catch (e) { show(e === v, e); } }

/// built_in_failures_by_name
show([() => null.x, () => undefined(), () => missing, () => { const c = 1; c = 2; }, () => [].reduce((a) => a), () => 'x'.repeat(-1), () => (1).toFixed(200), () => new Array(-1), () => decodeURIComponent('%'), () => JSON.parse('{'), () => Symbol() + '', () => BigInt(1.5), () => 1n / 0n, () => new 5(), () => ({}).x.y, () => ({})(), () => Object.defineProperty(Object.freeze({}), 'x', { value: 1 }), () => new (class A { constructor() { this.#x; } static { } #x = this.y.z; })(), () => 1 in 1, () => ({}) instanceof 5, () => new RegExp('['), () => 'a'.normalize('x'), () => null[Symbol.iterator], () => [...1], () => { const [a] = null; }, () => new Date(NaN).toISOString(), () => 'x'.localeCompare.call(null), () => Reflect.construct(1), () => new Proxy({}, null), () => String.fromCodePoint(-1), () => new WeakMap([[1, 1]]), () => Object.fromEntries([[]].map(() => 1)), () => new Intl_missing()].map((f) => thrown(f).name));

/// stack_overflow_is_a_range_error
const f = () => f() + 1;
const e = thrown(f);
show(e, e instanceof RangeError);

/// stack_overflow_leaves_things_usable
let depth = 0;
const f = () => { depth++; f(); };
thrown(f);
show(depth > 500, [3, 1, 2].sort(), JSON.stringify({ a: 1 }), (() => { try { f(); } catch { return 'caught'; } finally { depth = 0; } })(), depth);

/// stack_has_the_functions_names
function outerFunction() { return innerFunction(); }
function innerFunction() { return new Error('m').stack; }
const stack = outerFunction();
show(typeof stack, stack.includes('innerFunction'), stack.includes('outerFunction'), stack.indexOf('innerFunction') < stack.indexOf('outerFunction'));

/// stack_begins_with_name_and_message
const { stack } = new RangeError('the message');
show(stack.split('\n')[0]);

/// capture_stack_trace
const o = {};
show(typeof Error.captureStackTrace, Error.captureStackTrace?.(o), typeof o.stack);

/// stack_trace_limit
show(typeof Error.stackTraceLimit);

/// message_of_undefined_call
const message = (f) => thrown(f).message;
show(message(() => null.x));

/// message_of_missing_name
show(thrown(() => missingName).message);

/// message_of_not_a_function
const o = {};
show(thrown(() => o.x()).message);

/// message_of_const_assignment
const c = 1;
show(thrown(() => { c = 2; }).message);

/// message_of_json_parse
show(thrown(() => JSON.parse('{x}')).message);

/// node_error_codes
show(thrown(() => queueMicrotask('x')).code);

/// finally_runs_on_rethrow
const log = [];
const f = () => { try { try { throw new Error('a'); } finally { log.push('f1'); } } catch (e) { log.push('c'); throw new TypeError('b', { cause: e }); } finally { log.push('f2'); } };
show(thrown(f), log);

/// nested_errors_in_catch_and_finally
show(thrown(() => { try { throw new Error('1'); } catch { throw new RangeError('2'); } finally { } }), thrown(() => { try { throw new Error('1'); } finally { throw new TypeError('3'); } }));

/// custom_hierarchy
class AppError extends Error { get name() { return this.constructor.name; } }
class NotFound extends AppError { constructor(id) { super(`no ${id}`); this.id = id; } toJSON() { return { name: this.name, id: this.id }; } }
const e = new NotFound(7);
show(`${e}`, e instanceof AppError, e instanceof Error, JSON.stringify(e), e);

/// function_constructor_is_refused
show(thrown(() => new Function('return 1')()));

/// eval_is_refused
show(thrown(() => eval('1 + 1')));

/// timers_take_no_text
show(thrown(() => setTimeout('1 + 1', 0)).name);

/// dynamic_import_rejects
show((await rejected(import('fs'))) instanceof Error);

/// uncaught_type_error
null.property;

/// uncaught_own_error
class Mine extends Error { name = 'Mine'; }
throw new Mine('x');
