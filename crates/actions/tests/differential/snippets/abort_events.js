/// controller_basics
const c = new AbortController();
const log = [];
c.signal.addEventListener('abort', (e) => log.push(e.type, e.target === c.signal, e.isTrusted));
c.signal.onabort = () => log.push('onabort');
show(c.signal.aborted, c.signal.reason, c.abort(), c.signal.aborted, c.signal.reason.name, c.signal.reason.code, log, c.abort(), log.length, c.signal === c.signal);

/// reasons
const c = new AbortController();
c.abort('why');
show(c.signal.reason, thrown(() => c.signal.throwIfAborted()) , thrown(() => new AbortController().signal.throwIfAborted()));
const d = new AbortController();
d.abort(undefined);
show(d.signal.reason.name, (() => { const e = new AbortController(); e.abort(null); return e.signal.reason; })());

/// statics
const s = AbortSignal.abort();
show(s.aborted, s.reason.name, AbortSignal.abort(5).reason, thrown(() => new AbortSignal()), thrown(() => AbortController()), Object.prototype.toString.call(s), s instanceof EventTarget);

/// timeout
// Such a timer keeps nothing running by itself.
const s = AbortSignal.timeout(2), keep = setTimeout(() => {}, 2000);
show(s.aborted);
await new Promise((r) => s.addEventListener('abort', r));
clearTimeout(keep);
show(s.aborted, s.reason.name, s.reason.code, thrown(() => AbortSignal.timeout(-1)), thrown(() => AbortSignal.timeout()));

/// any
const a = new AbortController(), b = new AbortController();
const s = AbortSignal.any([a.signal, b.signal]);
const log = [];
s.addEventListener('abort', () => log.push(s.reason));
b.abort('b'); a.abort('a');
show(log, s.aborted, s.reason, AbortSignal.any([]).aborted, AbortSignal.any([AbortSignal.abort(1), AbortSignal.abort(2)]).reason, thrown(() => AbortSignal.any(5)), thrown(() => AbortSignal.any([1])));

/// listeners_in_order_and_once
const t = new EventTarget();
const log = [];
const f = () => log.push('f');
t.addEventListener('x', f); t.addEventListener('x', f); t.addEventListener('x', () => log.push('g'), { once: true }); t.addEventListener('y', () => log.push('y'));
show(t.dispatchEvent(new Event('x')), log.splice(0), t.dispatchEvent(new Event('x')), log.splice(0));
t.removeEventListener('x', f);
t.dispatchEvent(new Event('x'));
show(log);

/// capture_is_part_of_identity
const t = new EventTarget();
const log = [];
const f = (e) => log.push(e.eventPhase);
t.addEventListener('x', f, true); t.addEventListener('x', f, false);
t.dispatchEvent(new Event('x'));
t.removeEventListener('x', f);
t.dispatchEvent(new Event('x'));
t.removeEventListener('x', f, { capture: true });
t.dispatchEvent(new Event('x'));
show(log);

/// handle_event_objects
const t = new EventTarget();
const log = [];
const o = { name: 'o', handleEvent(e) { log.push(this === o, e.type); } };
t.addEventListener('x', o);
t.addEventListener('x', null);
t.dispatchEvent(new Event('x'));
t.addEventListener('x', function () { log.push(this === t); });
t.dispatchEvent(new Event('x'));
show(log, thrown(() => t.addEventListener('x')), thrown(() => t.addEventListener()));

/// event_properties
const e = new Event('kind', { bubbles: true, cancelable: 1, composed: false });
show(e.type, e.bubbles, e.cancelable, e.composed, e.defaultPrevented, e.target, e.currentTarget, e.eventPhase, e.isTrusted, e.returnValue, e.cancelBubble, typeof e.timeStamp, e.composedPath(), thrown(() => new Event()), thrown(() => Event('x')), new Event(5).type, Event.AT_TARGET, Object.prototype.toString.call(e));

/// prevent_default
const t = new EventTarget();
t.addEventListener('x', (e) => e.preventDefault());
const e = new Event('x', { cancelable: true });
show(t.dispatchEvent(e), e.defaultPrevented, t.dispatchEvent(new Event('x')));
const p = new EventTarget();
p.addEventListener('x', (e) => e.preventDefault(), { passive: true });
show(p.dispatchEvent(new Event('x', { cancelable: true })));

/// stop_immediate_propagation
const t = new EventTarget();
const log = [];
t.addEventListener('x', (e) => { log.push(1); e.stopImmediatePropagation(); });
t.addEventListener('x', () => log.push(2));
t.dispatchEvent(new Event('x'));
show(log);

/// signal_removes_listeners
const t = new EventTarget(), c = new AbortController();
const log = [];
t.addEventListener('x', () => log.push('x'), { signal: c.signal });
t.addEventListener('x', () => log.push('never'), { signal: AbortSignal.abort() });
t.dispatchEvent(new Event('x'));
c.abort();
t.dispatchEvent(new Event('x'));
show(log, thrown(() => t.addEventListener('x', () => {}, { signal: 1 })));

/// listeners_added_while_dispatching
const t = new EventTarget();
const log = [];
t.addEventListener('x', () => { log.push(1); t.addEventListener('x', () => log.push('late')); t.removeEventListener('x', gone); });
const gone = () => log.push('gone');
t.addEventListener('x', gone);
t.dispatchEvent(new Event('x'));
show(log);

/// dispatch_again_and_wrong_arguments
const t = new EventTarget();
const e = new Event('x');
let inner;
t.addEventListener('x', () => { inner = thrown(() => t.dispatchEvent(e)); });
show(t.dispatchEvent(e), inner.name, t.dispatchEvent(e), thrown(() => t.dispatchEvent({})), thrown(() => t.dispatchEvent()), thrown(() => EventTarget()), thrown(() => EventTarget.prototype.dispatchEvent.call({}, e)));

/// target_during_and_after
const t = new EventTarget();
const e = new Event('x');
let seen;
t.addEventListener('x', () => { seen = [e.target === t, e.currentTarget === t, e.eventPhase, e.composedPath().length, e.srcElement === t]; });
t.dispatchEvent(e);
show(seen, e.target === t, e.currentTarget, e.eventPhase, e.composedPath());

/// custom_events
const e = new CustomEvent('x', { detail: { a: 1 }, cancelable: true });
show(e.detail, e instanceof Event, e.cancelable, new CustomEvent('y').detail, Object.prototype.toString.call(e), thrown(() => new CustomEvent()));

/// subclass_of_event_target
class Bus extends EventTarget { emit(type, detail) { return this.dispatchEvent(new CustomEvent(type, { detail })); } }
const b = new Bus();
const got = await new Promise((r) => { b.addEventListener('m', (e) => r(e.detail)); b.emit('m', 7); });
show(got, b instanceof EventTarget);

/// dom_exception
const e = new DOMException('text', 'AbortError');
show(e.name, e.message, e.code, e instanceof Error, Object.prototype.toString.call(e), String(e), new DOMException().name, new DOMException('m').code, new DOMException('m', 'Own').code, DOMException.ABORT_ERR, e.ABORT_ERR, thrown(() => DOMException('x')), Object.hasOwn(e, 'message'), typeof e.stack, thrown(() => { 'use strict'; e.name = 'x'; }));

/// dom_exception_codes
for (const n of ['IndexSizeError', 'HierarchyRequestError', 'NotFoundError', 'NotSupportedError', 'InvalidStateError', 'SyntaxError', 'InvalidAccessError', 'TypeMismatchError', 'SecurityError', 'NetworkError', 'TimeoutError', 'DataCloneError', 'QuotaExceededError', 'OperationError', 'DataError', 'NotAllowedError', 'EncodingError']) show(n, new DOMException('', n).code);

/// dom_exception_options
const e = new DOMException('m', { name: 'DataError', cause: 'c' });
show(e.name, e.cause, Object.hasOwn(new DOMException('m'), 'cause'));

/// abort_a_waiting_promise
const c = new AbortController();
const wait = (signal) => new Promise((ok, no) => { signal.addEventListener('abort', () => no(signal.reason), { once: true }); });
const p = wait(c.signal);
c.abort(new RangeError('stop'));
show(await rejected(p));

/// on_handlers_replace_each_other
const c = new AbortController();
const log = [];
c.signal.onabort = () => log.push(1);
c.signal.onabort = () => log.push(2);
show(typeof c.signal.onabort);
c.abort();
c.signal.onabort = null;
show(log, c.signal.onabort);
