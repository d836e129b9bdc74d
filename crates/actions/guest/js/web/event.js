// Events, as far as signals and scripts of their own need them.

import { apply, native, text } from '../core.js';
import { dictionary, interfaceClass, needs } from './shape.js';

const now = () => native.now();
let origin = 0;
export function startClock() {
  origin = now();
}
export const sinceStart = () => now() - origin;
export const timeOrigin = () => origin;

// Written by dispatchEvent, read by the event's getters.
const states = new WeakMap();
const stateOf = states.get.bind(states), keepState = states.set.bind(states);
function state(event) {
  const found = stateOf(event);
  if (found === undefined) throw new TypeError('Illegal invocation');
  return found;
}

class Event {
  static NONE = 0;
  static CAPTURING_PHASE = 1;
  static AT_TARGET = 2;
  static BUBBLING_PHASE = 3;
  constructor(type, options = undefined) {
    needs(arguments, 1, 'Event');
    const { bubbles, cancelable, composed } = dictionary(options, 'The "options" argument');
    keepState(this, {
      type: text(type), bubbles: !!bubbles, cancelable: !!cancelable, composed: !!composed,
      target: null, dispatching: false, stopped: false, stoppedNow: false, canceled: false, passive: false,
      trusted: false, timeStamp: sinceStart(),
    });
  }
  get type() {
    return state(this).type;
  }
  get target() {
    return state(this).target;
  }
  get currentTarget() {
    return state(this).dispatching ? state(this).target : null;
  }
  get srcElement() {
    return state(this).target;
  }
  composedPath() {
    return state(this).dispatching ? [state(this).target] : [];
  }
  get eventPhase() {
    return state(this).dispatching ? Event.AT_TARGET : Event.NONE;
  }
  get bubbles() {
    return state(this).bubbles;
  }
  get cancelable() {
    return state(this).cancelable;
  }
  get composed() {
    return state(this).composed;
  }
  get defaultPrevented() {
    return state(this).canceled;
  }
  get returnValue() {
    return !state(this).canceled;
  }
  get cancelBubble() {
    return state(this).stopped;
  }
  set cancelBubble(value) {
    if (value) state(this).stopped = true;
  }
  get timeStamp() {
    return state(this).timeStamp;
  }
  get isTrusted() {
    return state(this).trusted;
  }
  preventDefault() {
    const own = state(this);
    if (own.cancelable && !own.passive) own.canceled = true;
  }
  stopPropagation() {
    state(this).stopped = true;
  }
  stopImmediatePropagation() {
    state(this).stopped = true;
    state(this).stoppedNow = true;
  }
}
interfaceClass(Event, 'Event');

class CustomEvent extends Event {
  #detail;
  constructor(type, options = undefined) {
    needs(arguments, 1, 'CustomEvent');
    super(type, options);
    const { detail = null } = dictionary(options, 'The "options" argument');
    this.#detail = detail;
  }
  get detail() {
    return this.#detail;
  }
}
interfaceClass(CustomEvent, 'CustomEvent');

class EventTarget {
  #listeners = [];
  addEventListener(type, listener, options = undefined) {
    needs(arguments, 2, 'addEventListener');
    const { once, passive, capture, signal } = flat(options);
    if (signal !== undefined && signal !== null) {
      if (signal.aborted) return;
      signal.addEventListener('abort', () => this.removeEventListener(type, listener, { capture }), { once: true });
    }
    if (listener === null || listener === undefined) return;
    if (typeof listener !== 'function' && typeof listener !== 'object') {
      throw new TypeError('The "listener" argument must be an instance of EventListener.');
    }
    const kind = text(type);
    if (this.#find(kind, listener, !!capture) >= 0) return;
    this.#listeners = [...this.#listeners, { type: kind, listener, capture: !!capture, once: !!once, passive: !!passive, removed: false, context: native.context() }];
  }
  removeEventListener(type, listener, options = undefined) {
    needs(arguments, 2, 'removeEventListener');
    const at = this.#find(text(type), listener, !!flat(options).capture);
    if (at < 0) return;
    this.#listeners[at].removed = true;
    this.#listeners = this.#listeners.filter((_, i) => i !== at);
  }
  dispatchEvent(event) {
    needs(arguments, 1, 'dispatchEvent');
    if (!(event instanceof Event)) throw new TypeError('The "event" argument must be an instance of Event.');
    const own = state(event);
    if (own.dispatching) throw new DOMException('The event is already being dispatched', 'InvalidStateError');
    own.dispatching = true;
    own.target = this;
    for (const entry of this.#listeners) {
      if (entry.type !== own.type || entry.removed) continue;
      if (entry.once) this.removeEventListener(entry.type, entry.listener, { capture: entry.capture });
      own.passive = entry.passive;
      native.within(entry.context, call, [entry.listener, this, event]);
      own.passive = false;
      if (own.stoppedNow) break;
    }
    own.dispatching = false;
    own.stopped = false;
    own.stoppedNow = false;
    return !own.canceled;
  }
  #find(type, listener, capture) {
    return this.#listeners.findIndex((entry) => entry.type === type && entry.listener === listener && entry.capture === capture);
  }
}
interfaceClass(EventTarget, 'EventTarget');

function flat(options) {
  if (typeof options === 'boolean') return { capture: options };
  return options === undefined || options === null ? {} : Object(options);
}

// What a listener throws ends the execution, but not the dispatch: the other listeners still run.
function call(listener, target, event) {
  try {
    if (typeof listener === 'function') apply(listener, target, [event]);
    else listener.handleEvent(event);
  } catch (error) {
    later(() => {
      throw error;
    });
  }
}
const later = queueMicrotask;

// An event of the runtime's own.
export function trusted(type) {
  const event = new Event(type);
  state(event).trusted = true;
  return event;
}

// The attribute `on<type>` of a class: one listener, replaced by each assignment.
export function eventHandler(Class, type) {
  const handlers = new WeakMap();
  Object.defineProperty(Class.prototype, `on${type}`, {
    get() {
      return handlers.get(this)?.given ?? null;
    },
    set(given) {
      const old = handlers.get(this);
      const callable = typeof given === 'function';
      if (old !== undefined) old.given = callable || (typeof given === 'object' && given !== null) ? given : null;
      else if (callable) {
        const entry = { given };
        handlers.set(this, entry);
        this.addEventListener(type, function (event) {
          if (typeof entry.given === 'function') apply(entry.given, this, [event]);
        });
      }
    },
    enumerable: true,
    configurable: true,
  });
}

export { CustomEvent, Event, EventTarget };
