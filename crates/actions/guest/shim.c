/*
 * The guest's side of the action runtime: QuickJS-NG with a small fixed interface.
 *
 * It is one unit with the engine on purpose: with the engine's structures in sight this file can seed
 * the generator of Math.random, set a stack limit where the engine sets none for WASI, and take away
 * code generation for good once the action's text is compiled.
 *
 * Life of an instance: `initialize` runs once, when the guest is built, and its memory becomes part of
 * the module. Each execution gets a fresh copy of that memory, calls `start` once and `deliver` once for
 * each answer to a host call, and is then thrown away.
 */
#include "repairs.h"

#include "quickjs.c"

#include "dates.c"
#include "repairs.c"

#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "ethers.h" /* static const char ethers_js[]; the library ethers, computing natively */
#include "sdk.h"    /* static const char sdk_js[]; bundled from js/ */

#define IMPORT(name) __attribute__((import_module("quorate"), import_name(#name)))
#define EXPORT(name) __attribute__((export_name(#name)))

/* `status` values that `start` and `deliver` return. */
enum { STATUS_DONE = 0, STATUS_WAITING = 1, STATUS_FAILED = 2 };

/* Set in the kind of a call that a function of runOnce makes. */
#define CALL_ALONE 0x100

/* Kinds of failure that `host_fail` takes; see `FailureKind` on the host side. */
enum { FAIL_THREW = 0, FAIL_SYNTAX = 1, FAIL_PARAM_RESERVED = 2, FAIL_NOT_SUPPORTED = 3, FAIL_PENDING = 4 };

/*
 * The shadow stack lies at the start of memory, 4 MB of it. The engine refuses calls once less than
 * 2 MB are left: one call takes at most about 1.5 MB (65,535 arguments, locals and stack slots), so the
 * engine's unsigned comparison can never wrap below zero, and C code that makes no check has room.
 */
#define STACK_BYTES (4 * 1024 * 1024)
#define STACK_RESERVED (2 * 1024 * 1024)

/*
 * Automatic cycle collection starts when an action has allocated this much beside what it was born with:
 * short actions never walk the heap, of which they would then own a copy.
 */
#define GC_HEADROOM (24 * 1024 * 1024)

/*
 * What the heap may ever have: memory cannot grow by half its addresses at once, and the C library's heap would
 * trap instead of saying so. The host's own limit is far below.
 */
#define HEAP_BYTES_MAX 0x7f000000u

/* Holes in the heap are looked for up to this size; larger ones are few. */
#define HOLE_BYTES_MAX (32 * 1024)

#define HINT_MODULE "\nan action is a script, which has no import and no export: `quorate action build` makes one of a module"
#define HINT_AWAIT "\nan action is a script, which awaits in async functions only: async function main() { ... }"

IMPORT(call) extern int32_t host_call(int32_t kind, const char *meta, size_t meta_len,
                                      const uint8_t *body, size_t body_len);
IMPORT(log) extern void host_log(const char *text, size_t len);
IMPORT(respond) extern void host_respond(const char *text, size_t len);
IMPORT(fail) extern void host_fail(int32_t kind, const char *cause, size_t cause_len, const char *text,
                                   size_t len);
IMPORT(timers) extern void host_timers(uint32_t set);

/* Bytes that `host_compute` reads. */
typedef struct {
    const uint8_t *at;
    size_t len;
} Part;
/* Runs a native operation. Returns the length of its result, or minus that of an error's text. */
IMPORT(compute) extern int32_t host_compute(int32_t op, const Part *parts, size_t count);
/* Says where the stack begins on which the guest was called. Must come before everything else. */
IMPORT(enter) extern void host_enter(void);
/* Says that the guest is about to wait: what deep calls have left on its stack is needed no more. */
IMPORT(rest) extern void host_rest(void);
/* Writes random bytes; it may take long until it returns. Returns 0, or minus the length of an error's text. */
IMPORT(random) extern int32_t host_random(uint8_t *to, size_t len);
/* Copies the last result, whose length is known, and forgets it. */
IMPORT(take) extern void host_take(uint8_t *to, size_t len);

static JSRuntime *rt;
static JSContext *ctx;
static double virtual_ms;
static double held_ms = -1; /* what the clock shows outside of runOnce's functions while this node runs any, or negative */
static uint32_t calls_open;
static JSAtom atom_main;
static bool main_ran; /* an async function of that name has run */
static bool script_runs; /* the action's text is evaluated */
static JSValue end_reason = JS_UNDEFINED; /* why the run is to end, whatever its script catches */
static const char *hint = ""; /* what is said behind the text of a failure */
/* What the action comes to: the promise of `main`; or else what its text came to, if that is a promise; or else that of the
   last async function that its text called. */
static JSValue run_promise = JS_UNDEFINED;

static JSValue hook_begin, hook_settle, hook_deliver, hook_tick, hook_finish, hook_describe, hook_cause;
static JSValue main_getter; /* a compiled script that gives the action's `main`, or undefined */

typedef struct {
    JSValue promise;
    JSValue reason;
} Rejection;
static Rejection *rejections;
static size_t rejections_len, rejections_size;

/* Clocks. These replace the libc's: the only time is the request's, moved by the script's own timers. */

static double shown_ms(void)
{
    return !async_context && held_ms >= 0 ? held_ms : virtual_ms;
}

int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
    double now = shown_ms(), seconds = floor(now / 1000.0);
    tv->tv_sec = (time_t)seconds;
    tv->tv_usec = (suseconds_t)((now - seconds * 1000.0) * 1000.0);
    return 0;
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
    double now = shown_ms(), seconds = floor(now / 1000.0);
    ts->tv_sec = (time_t)seconds;
    ts->tv_nsec = (long)((now - seconds * 1000.0) * 1000000.0);
    return 0;
}

/* What the scripts of the guest may call. */

static JSValue native_call(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    int32_t kind, number;
    size_t meta_len, body_len = 0;
    const char *meta;
    const uint8_t *body = NULL;

    if (JS_ToInt32(c, &kind, argv[0]))
        return JS_EXCEPTION;
    if (!JS_IsUndefined(argv[2])) {
        body = JS_GetUint8Array(c, &body_len, argv[2]);
        if (!body && body_len)
            return JS_EXCEPTION;
    }
    meta = JS_ToCStringLen(c, &meta_len, argv[1]);
    if (!meta)
        return JS_EXCEPTION;
    number = host_call(async_context ? kind | CALL_ALONE : kind, meta, meta_len, body, body_len);
    JS_FreeCString(c, meta);
    if (number < 0)
        return JS_ThrowTypeError(c, "the host refused a malformed call");
    calls_open++;
    return JS_NewInt32(c, number);
}

static JSValue native_log(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    size_t len;
    const char *text = JS_ToCStringLen(c, &len, argv[0]);
    if (!text)
        return JS_EXCEPTION;
    host_log(text, len);
    JS_FreeCString(c, text);
    return JS_UNDEFINED;
}

static JSValue native_respond(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    size_t len;
    const char *text = JS_ToCStringLen(c, &len, argv[0]);
    if (!text)
        return JS_EXCEPTION;
    host_respond(text, len);
    JS_FreeCString(c, text);
    return JS_UNDEFINED;
}

static JSValue native_timers(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    uint32_t set;
    if (JS_ToUint32(c, &set, argv[0]))
        return JS_EXCEPTION;
    host_timers(set);
    return JS_UNDEFINED;
}

/* now(): what the clock shows to the code that runs. */
static JSValue native_now(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    return JS_NewFloat64(c, shown_ms());
}

/* clock(): where the clock is that timers move. */
static JSValue native_clock(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    return JS_NewFloat64(c, virtual_ms);
}

static JSValue native_set_clock(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    double to;
    if (JS_ToFloat64(c, &to, argv[0]))
        return JS_EXCEPTION;
    virtual_ms = to;
    return JS_UNDEFINED;
}

/* hold_clock(to): see `held_ms`. */
static JSValue native_hold_clock(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    double to;
    if (JS_ToFloat64(c, &to, argv[0]))
        return JS_EXCEPTION;
    held_ms = to;
    return JS_UNDEFINED;
}

static JSValue native_encode(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    size_t len;
    JSValue buffer;
    const char *text = JS_ToCStringLen(c, &len, argv[0]);
    if (!text)
        return JS_EXCEPTION;
    buffer = JS_NewArrayBufferCopy(c, (const uint8_t *)text, len);
    JS_FreeCString(c, text);
    return buffer;
}

/* Length of the well-formed UTF-8 sequence at `p`, or minus the length of its longest valid start. */
static int utf8_sequence(const uint8_t *p, const uint8_t *end)
{
    uint8_t low = 0x80, high = 0xbf;
    int need, got;

    if (*p < 0x80)
        return 1;
    if (*p >= 0xc2 && *p <= 0xdf) {
        need = 1;
    } else if (*p >= 0xe0 && *p <= 0xef) {
        need = 2;
        if (*p == 0xe0)
            low = 0xa0;
        if (*p == 0xed)
            high = 0x9f;
    } else if (*p >= 0xf0 && *p <= 0xf4) {
        need = 3;
        if (*p == 0xf0)
            low = 0x90;
        if (*p == 0xf4)
            high = 0x8f;
    } else {
        return -1;
    }
    for (got = 1; got <= need; got++) {
        if (p + got >= end || p[got] < low || p[got] > high)
            return -got;
        low = 0x80;
        high = 0xbf;
    }
    return need + 1;
}

/* decode(bytes, fatal): as the WHATWG decoder, one U+FFFD for each longest valid start. */
static JSValue native_decode(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    size_t len = 0;
    const uint8_t *p = JS_GetUint8Array(c, &len, argv[0]);
    const uint8_t *end = p + len, *run = p;
    bool fatal = JS_ToBool(c, argv[1]);
    DynBuf out;
    JSValue text;

    if (!p && len)
        return JS_EXCEPTION;
    js_dbuf_init(c, &out);
    while (p < end) {
        int n = utf8_sequence(p, end);
        if (n > 0) {
            p += n;
            continue;
        }
        if (fatal) {
            dbuf_free(&out);
            return JS_ThrowTypeError(c, "The encoded data was not valid utf-8");
        }
        dbuf_put(&out, run, p - run);
        dbuf_put(&out, (const uint8_t *)"\xef\xbf\xbd", 3);
        p -= n;
        run = p;
    }
    if (out.size == 0) {
        text = JS_NewStringLen(c, (const char *)run, end - run);
    } else {
        dbuf_put(&out, run, end - run);
        text = dbuf_error(&out) ? JS_ThrowOutOfMemory(c)
                                : JS_NewStringLen(c, (const char *)out.buf, out.size);
    }
    dbuf_free(&out);
    return text;
}

#define PARTS_MAX 7

/*
 * A lone surrogate has no UTF-8. The engine writes it as three bytes that no decoder takes; U+FFFD has
 * three as well. Text without any such byte may be the engine's own, so nothing is written then.
 */
static void replace_surrogates(char *text, size_t len)
{
    size_t i;
    for (i = 0; i + 2 < len; i++) {
        if ((uint8_t)text[i] == 0xed && (uint8_t)text[i + 1] >= 0xa0)
            memcpy(text + i, "\xef\xbf\xbd", 3);
    }
}

/* compute(op, ...parts): a Uint8Array, or a string that says what was wrong: a code, a space, a text. */
static JSValue native_compute(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    Part parts[PARTS_MAX];
    uint32_t numbers[PARTS_MAX];
    const char *texts[PARTS_MAX];
    int count, i, texts_count = 0;
    int32_t op, len;
    uint8_t *out;
    JSValue result = JS_EXCEPTION;

    if (JS_ToInt32(c, &op, argv[0]))
        return JS_EXCEPTION;
    /* Nothing below runs code of the script, so what is pointed to stays where it is. */
    for (count = 0; count < PARTS_MAX && count + 1 < argc; count++) {
        JSValueConst part = argv[count + 1];
        if (JS_IsUndefined(part))
            break;
        if (JS_IsString(part)) {
            const char *text = JS_ToCStringLen(c, &parts[count].len, part);
            if (!text)
                goto done;
            texts[texts_count++] = text;
            replace_surrogates((char *)text, parts[count].len);
            parts[count].at = (const uint8_t *)text;
        } else if (JS_IsNumber(part)) {
            double number;
            JS_ToFloat64(c, &number, part);
            if (!(number >= 0 && number <= UINT32_MAX && number == floor(number))) {
                result = JS_NewString(c, "compute_input a number must be an integer from 0 to 4294967295");
                goto done;
            }
            numbers[count] = (uint32_t)number;
            parts[count].at = (const uint8_t *)&numbers[count];
            parts[count].len = sizeof(uint32_t);
        } else {
            parts[count].at = JS_GetUint8Array(c, &parts[count].len, part);
            if (!parts[count].at && JS_HasException(c))
                goto done;
        }
    }
    len = host_compute(op, parts, count);
    out = js_malloc(c, len < 0 ? -len : len + 1);
    if (!out)
        goto done;
    host_take(out, len < 0 ? -len : len);
    if (len < 0) {
        result = JS_NewStringLen(c, (const char *)out, -len);
        js_free(c, out);
    } else {
        result = JS_NewUint8Array(c, out, len, js_array_buffer_realloc, NULL, false);
    }
done:
    for (i = 0; i < texts_count; i++)
        JS_FreeCString(c, texts[i]);
    return result;
}

/* random(array): fills a Uint8Array; or a string that says why not: a code, a space, a text. */
static JSValue native_random(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    size_t len = 0;
    uint8_t *to = JS_GetUint8Array(c, &len, argv[0]);
    JSValue result;
    int32_t refused;
    char *text;

    if (!to)
        return len || JS_HasException(c) ? JS_EXCEPTION : JS_UNDEFINED;
    /* No code of the script runs meanwhile, so the array stays where it is. */
    refused = host_random(to, len);
    if (!refused)
        return JS_UNDEFINED;
    text = js_malloc(c, -refused);
    if (!text)
        return JS_EXCEPTION;
    host_take((uint8_t *)text, -refused);
    result = JS_NewStringLen(c, text, -refused);
    js_free(c, text);
    return result;
}

/* kind(value): the engine's own name of an object's class, which no script can fake. */
static JSValue native_kind(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    JSClassID id = JS_GetClassID(argv[0]);
    if (id == JS_INVALID_CLASS_ID)
        return JS_UNDEFINED;
    if (id == JS_CLASS_PROXY)
        return JS_NewString(c, "Proxy");
    return JS_AtomToString(c, rt->class_array[id].class_name);
}

/* inside(value): what a script cannot see: [state, result] of a promise, the target of a proxy. */
static JSValue native_inside(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    JSPromiseStateEnum state = JS_PromiseState(c, argv[0]);
    JSValue pair;

    if (JS_IsProxy(argv[0]))
        return JS_GetProxyTarget(c, argv[0]);
    if (state == JS_PROMISE_NOT_A_PROMISE)
        return JS_UNDEFINED;
    pair = JS_NewArray(c);
    if (JS_IsException(pair))
        return pair;
    JS_SetPropertyUint32(c, pair, 0, JS_NewInt32(c, state));
    JS_SetPropertyUint32(c, pair, 1, JS_PromiseResult(c, argv[0]));
    return pair;
}

/* context(): that of the code that runs; see `async_context`. */
static JSValue native_context(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    return JS_NewUint32(c, async_context);
}

/* within(context, function, list): calls the function with the arguments in the list. */
static JSValue native_within(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    uint32_t before = async_context;
    JSValueConst arguments[2] = { JS_UNDEFINED, argv[2] };
    JSValue result;

    if (JS_ToUint32(c, &async_context, argv[0]))
        return JS_EXCEPTION;
    result = js_function_apply(c, argv[1], 2, arguments, 0);
    async_context = before;
    return result;
}

/* end(reason): the run ends with this error once the job that runs is over. */
static JSValue native_end(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    JS_FreeValue(c, end_reason);
    end_reason = JS_DupValue(c, argv[0]);
    return JS_UNDEFINED;
}

/*
 * Parameters. Their object takes note of names that are asked of it and that it does not have: who forgot one is
 * told which. It stays an ordinary object for all that looks at it; only a look-up that found nothing comes here.
 */
#define ABSENT_MAX 8
static JSValue params_object; /* of the running action */
static JSAtom absent[ABSENT_MAX];
static uint32_t absent_len;

static int note_absent(JSContext *c, JSPropertyDescriptor *desc, JSValueConst object, JSAtom name)
{
    JSObject *prototype = JS_VALUE_GET_OBJ(ctx->class_proto[JS_CLASS_OBJECT]);
    JSProperty *property;
    uint32_t i;

    /* Every object is asked for some names: by what writes it as JSON, by what awaits it, by its prototype. */
    if (absent_len == ABSENT_MAX || name == JS_ATOM_toJSON || name == JS_ATOM_then ||
        JS_AtomGetKind(c, name) != JS_ATOM_KIND_STRING || find_own_property(&property, prototype, name))
        return 0;
    for (i = 0; i < absent_len; i++) {
        if (absent[i] == name)
            return 0;
    }
    absent[absent_len++] = JS_DupAtom(c, name);
    return 0;
}

static JSClassExoticMethods params_methods = { .get_own_property = note_absent };

/* absent(): the names of parameters that were asked for and are not there. */
static JSValue native_absent(JSContext *c, JSValueConst this_val, int argc, JSValueConst *argv)
{
    JSValue names = JS_NewArray(c);
    JSProperty *property;
    uint32_t i, len = 0;

    for (i = 0; i < absent_len && !JS_IsException(names); i++) {
        if (!find_own_property(&property, JS_VALUE_GET_OBJ(params_object), absent[i]))
            JS_SetPropertyUint32(c, names, len++, JS_AtomToString(c, absent[i]));
    }
    return names;
}

static const JSCFunctionListEntry native_functions[] = {
    JS_CFUNC_DEF("call", 3, native_call),         JS_CFUNC_DEF("log", 1, native_log),
    JS_CFUNC_DEF("respond", 1, native_respond),   JS_CFUNC_DEF("timers", 1, native_timers),
    JS_CFUNC_DEF("now", 0, native_now),           JS_CFUNC_DEF("set_clock", 1, native_set_clock),
    JS_CFUNC_DEF("encode", 1, native_encode),     JS_CFUNC_DEF("decode", 2, native_decode),
    JS_CFUNC_DEF("compute", 8, native_compute),   JS_CFUNC_DEF("kind", 1, native_kind),
    JS_CFUNC_DEF("inside", 1, native_inside),     JS_CFUNC_DEF("absent", 0, native_absent),
    JS_CFUNC_DEF("context", 0, native_context),   JS_CFUNC_DEF("within", 3, native_within),
    JS_CFUNC_DEF("end", 1, native_end),           JS_CFUNC_DEF("clock", 0, native_clock),
    JS_CFUNC_DEF("hold_clock", 1, native_hold_clock), JS_CFUNC_DEF("random", 1, native_random),
};

/* Failures. */

static void fail_with(int32_t kind, JSValue thrown)
{
    size_t text_len = 0, cause_len = 0;
    const char *text = NULL, *cause = NULL;
    JSValue described, code;
    int32_t code_kind = kind;

    code = JS_Call(ctx, hook_cause, JS_UNDEFINED, 1, (JSValueConst *)&thrown);
    if (JS_IsException(code))
        JS_FreeValue(ctx, JS_GetException(ctx));
    else if (JS_IsString(code))
        cause = JS_ToCStringLen(ctx, &cause_len, code);
    described = JS_Call(ctx, hook_describe, JS_UNDEFINED, 1, (JSValueConst *)&thrown);
    if (JS_IsException(described))
        JS_FreeValue(ctx, JS_GetException(ctx));
    else if (JS_IsString(described))
        text = JS_ToCStringLen(ctx, &text_len, described);
    if (!text) {
        text = "the action threw a value that cannot be described";
        text_len = strlen(text);
    }
    if (cause && kind == FAIL_THREW) {
        if (!strcmp(cause, "not_supported"))
            code_kind = FAIL_NOT_SUPPORTED;
        if (!strcmp(cause, "param_reserved"))
            code_kind = FAIL_PARAM_RESERVED;
    }
    if (*hint) {
        DynBuf both;
        js_dbuf_init(ctx, &both);
        dbuf_put(&both, (const uint8_t *)text, text_len);
        dbuf_putstr(&both, hint);
        if (dbuf_error(&both))
            abort();
        host_fail(code_kind, cause, cause_len, (const char *)both.buf, both.size);
        return;
    }
    host_fail(code_kind, cause, cause_len, text, text_len);
}

static int32_t fail_pending(int32_t kind)
{
    fail_with(kind, JS_GetException(ctx));
    return STATUS_FAILED;
}

static void track_rejection(JSContext *c, JSValueConst promise, JSValueConst reason, bool is_handled,
                            void *opaque)
{
    size_t i;
    if (!is_handled) {
        if (rejections_len == rejections_size) {
            size_t size = rejections_size ? rejections_size * 2 : 16;
            Rejection *more = realloc(rejections, size * sizeof(Rejection));
            if (!more)
                abort();
            rejections = more;
            rejections_size = size;
        }
        rejections[rejections_len].promise = JS_DupValue(c, promise);
        rejections[rejections_len].reason = JS_DupValue(c, reason);
        rejections_len++;
        return;
    }
    /* Newest first: a rejection is most often handled right after it was made. */
    for (i = rejections_len; i-- > 0;) {
        if (JS_VALUE_GET_PTR(rejections[i].promise) != JS_VALUE_GET_PTR(promise))
            continue;
        JS_FreeValue(c, rejections[i].promise);
        JS_FreeValue(c, rejections[i].reason);
        memmove(&rejections[i], &rejections[i + 1], (rejections_len - i - 1) * sizeof(Rejection));
        rejections_len--;
        return;
    }
}

/* Nothing is left to do. An action that waits all the same, and has no response, does not do what it was written for. */
static int32_t finish(void)
{
    static const char forever[] = "the action waits for a promise that nothing can settle any more, and has set no response; "
                                  "resolve or reject every promise that is awaited";
    JSValue said = JS_Call(ctx, hook_finish, JS_UNDEFINED, 0, NULL);

    if (JS_IsException(said))
        return fail_pending(FAIL_THREW);
    if (!JS_ToBool(ctx, said) && JS_PromiseState(ctx, run_promise) == JS_PROMISE_PENDING) {
        host_fail(FAIL_PENDING, NULL, 0, forever, strlen(forever));
        return STATUS_FAILED;
    }
    return STATUS_DONE;
}

/* Takes what the action comes to, if it is a promise. */
static void comes_to(JSValue value)
{
    if (JS_PromiseState(ctx, value) == JS_PROMISE_NOT_A_PROMISE) {
        JS_FreeValue(ctx, value);
        return;
    }
    JS_FreeValue(ctx, run_promise);
    run_promise = value;
}

/*
 * Runs everything that can run. Host calls take no virtual time, so timers wait until none is open:
 * a `Promise.race` of a request and a time-out is then the same on every node. Those of a function that this
 * node runs alone wait for its own calls only.
 */
static int32_t pump(void)
{
    for (;;) {
        JSContext *job;
        int ran;
        JSValue fired, open;
        bool more;

        while ((ran = JS_ExecutePendingJob(rt, &job)) > 0 && JS_IsUndefined(end_reason)) {
        }
        if (!JS_IsUndefined(end_reason)) {
            fail_with(FAIL_THREW, end_reason);
            return STATUS_FAILED;
        }
        if (ran < 0)
            return fail_pending(FAIL_THREW);
        open = js_bool(calls_open > 0);
        fired = JS_Call(ctx, hook_tick, JS_UNDEFINED, 1, (JSValueConst *)&open);
        if (JS_IsException(fired))
            return fail_pending(FAIL_THREW);
        more = JS_ToBool(ctx, fired);
        JS_FreeValue(ctx, fired);
        if (!more && calls_open && !JS_IsJobPending(rt)) {
            host_rest();
            return STATUS_WAITING;
        }
        if (!more && !JS_IsJobPending(rt))
            break;
    }
    if (rejections_len) {
        fail_with(FAIL_THREW, JS_DupValue(ctx, rejections[0].reason));
        return STATUS_FAILED;
    }
    return finish();
}

/* Whether a compiled script, or a function in it, reads the global variable `main`. */
static bool reads_main(JSValueConst function)
{
    JSFunctionBytecode *b = JS_VALUE_GET_PTR(function);
    int pos, i;

    for (pos = 0; pos < b->byte_code_len; pos += short_opcode_info(b->byte_code_buf[pos]).size) {
        int op = b->byte_code_buf[pos];
        if ((op == OP_get_var || op == OP_get_var_undef) && get_u32(b->byte_code_buf + pos + 1) == atom_main)
            return true;
    }
    for (i = 0; i < b->cpool_count; i++) {
        if (JS_VALUE_GET_TAG(b->cpool[i]) == JS_TAG_FUNCTION_BYTECODE && reads_main(b->cpool[i]))
            return true;
    }
    return false;
}

/* Runs an async function as the engine does, and takes note if it is called `main`, or is called by the action's text. */
static JSValue call_async(JSContext *c, JSValueConst function, JSValueConst this_val, int argc,
                          JSValueConst *argv, int flags)
{
    if (JS_VALUE_GET_OBJ(function)->u.func.function_bytecode->func_name == atom_main)
        main_ran = true;
    if (script_runs && !rt->current_stack_frame->prev_frame) {
        JSValue promise = js_async_function_call(c, function, this_val, argc, argv, flags);
        comes_to(JS_DupValue(c, promise));
        return promise;
    }
    return js_async_function_call(c, function, this_val, argc, argv, flags);
}

/*
 * Calls `main(params)`, unless the script says when: scripts of the older form often name their own entry
 * `main` and call it, perhaps under a condition, and then it is theirs to call.
 */
static int32_t call_main(JSValueConst params)
{
    JSValue entry, result, settled;

    if (main_ran)
        return STATUS_DONE;
    entry = JS_EvalFunction(ctx, main_getter);
    main_getter = JS_UNDEFINED;
    if (JS_IsException(entry))
        return fail_pending(FAIL_THREW);
    if (!JS_IsFunction(ctx, entry))
        return STATUS_DONE;
    result = JS_Call(ctx, entry, JS_UNDEFINED, 1, &params);
    if (JS_IsException(result))
        return fail_pending(FAIL_THREW);
    settled = JS_Call(ctx, hook_settle, JS_UNDEFINED, 1, (JSValueConst *)&result);
    if (JS_IsException(settled))
        return fail_pending(FAIL_THREW);
    comes_to(settled);
    return STATUS_DONE;
}

/* What is to be done about text that is no script: it may be a module. */
static const char *hint_of(const char *code, size_t len)
{
    JSValue module = JS_Eval(ctx, code, len, "action.js", JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY), error, name;
    bool imports;
    JSModuleDef *m;

    if (JS_IsException(module)) {
        error = JS_GetException(ctx);
        name = JS_GetPropertyStr(ctx, error, "name");
        /* The text is sound, but what it imports is not there. */
        imports = !JS_IsException(name) && js_same_value(ctx, name, JS_AtomToString(ctx, JS_ATOM_ReferenceError));
        return imports ? HINT_MODULE : "";
    }
    m = JS_VALUE_GET_PTR(module);
    return m->export_entries_count ? HINT_MODULE : m->has_tla ? HINT_AWAIT : "";
}

/* The interface. */

EXPORT(alloc) void *guest_alloc(size_t len)
{
    /* One byte more: the engine's parser wants its text to end in a zero. */
    char *p = malloc(len + 1);
    if (!p)
        abort();
    p[len] = 0;
    return p;
}

/* Lowers the stack that calls of the script may use; before `start`. */
EXPORT(limit_stack) void guest_limit_stack(uint32_t bytes)
{
    if (bytes < STACK_BYTES - STACK_RESERVED)
        rt->stack_limit = STACK_BYTES - bytes;
}

EXPORT(start)
int32_t guest_start(char *code, size_t code_len, char *params, size_t params_len, char *auth,
                    size_t auth_len, double time_ms, uint64_t seed)
{
    JSValue args[2], given, script, result;
    int32_t status;
    bool own_main;

    host_enter();
    virtual_ms = time_ms;
    ctx->random_state = seed ? seed : 1;
    alone_random_state = ~ctx->random_state ? ~ctx->random_state : 1;

    args[0] = JS_NewStringLen(ctx, params, params_len);
    args[1] = JS_NewStringLen(ctx, auth, auth_len);
    given = JS_Call(ctx, hook_begin, JS_UNDEFINED, 2, (JSValueConst *)args);
    if (JS_IsException(given))
        return fail_pending(FAIL_THREW);
    JS_FreeValue(ctx, args[0]);
    JS_FreeValue(ctx, args[1]);
    free(params);
    free(auth);
    params_object = JS_DupValue(ctx, given);
    JS_VALUE_GET_OBJ(params_object)->is_exotic = 1;

    script = JS_Eval(ctx, code, code_len, "action.js", JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_COMPILE_ONLY);
    if (JS_IsException(script)) {
        JSValue thrown = JS_GetException(ctx);
        hint = hint_of(code, code_len);
        fail_with(FAIL_SYNTAX, thrown);
        return STATUS_FAILED;
    }
    free(code);
    /* From here on no text becomes code: neither eval nor any of the Function constructors. */
    ctx->eval_internal = NULL;
    own_main = reads_main(script);

    script_runs = true;
    result = JS_EvalFunction(ctx, script);
    script_runs = false;
    if (JS_IsException(result))
        return fail_pending(FAIL_THREW);
    comes_to(result);

    status = own_main ? STATUS_DONE : call_main(given);
    JS_FreeValue(ctx, given);
    return status == STATUS_FAILED ? status : pump();
}

EXPORT(deliver)
int32_t guest_deliver(uint32_t call, char *meta, size_t meta_len, uint8_t *body, size_t body_len)
{
    JSValue args[3], result;

    host_enter();
    calls_open--;
    args[0] = JS_NewUint32(ctx, call);
    args[1] = JS_NewStringLen(ctx, meta, meta_len);
    args[2] = JS_NewArrayBufferCopy(ctx, body, body_len);
    free(meta);
    free(body);
    result = JS_Call(ctx, hook_deliver, JS_UNDEFINED, 3, (JSValueConst *)args);
    if (JS_IsException(result))
        return fail_pending(FAIL_THREW);
    JS_FreeValue(ctx, result);
    JS_FreeValue(ctx, args[0]);
    JS_FreeValue(ctx, args[1]);
    JS_FreeValue(ctx, args[2]);
    return pump();
}

static JSValue hook(JSValueConst hooks, const char *name)
{
    JSValue value = JS_GetPropertyStr(ctx, hooks, name);
    if (!JS_IsFunction(ctx, value))
        abort();
    return value;
}

static JSValue evaluate(const char *text, size_t len, const char *name, int flags)
{
    JSValue value = JS_Eval(ctx, text, len, name, JS_EVAL_TYPE_GLOBAL | flags);
    if (JS_IsException(value))
        abort();
    return value;
}

/* Calls a function that only the build needs. */
static void call_once(JSValueConst hooks, const char *name, JSValue argument)
{
    JSValue function = hook(hooks, name);
    JSValue result = JS_Call(ctx, function, JS_UNDEFINED, 1, (JSValueConst *)&argument);
    if (JS_IsException(result))
        abort();
    JS_FreeValue(ctx, result);
    JS_FreeValue(ctx, argument);
    JS_FreeValue(ctx, function);
}

/*
 * Takes every hole that the heap has, largest first, so that whatever runs later allocates in new pages side by
 * side: a hole lies in a page of the image, and a first write to such a page is a fault and a copy.
 */
static void fill_holes(void)
{
    uintptr_t end = (uintptr_t)sbrk(0);
    size_t size;
    void *taken;

    for (size = HOLE_BYTES_MAX; size >= sizeof(void *); size -= sizeof(void *)) {
        while ((taken = malloc(size)) && (uintptr_t)taken < end) {
        }
        free(taken);
    }
}

EXPORT(initialize) void guest_initialize(void)
{
    static const char getter[] = "typeof main === 'function' ? main : undefined";
    JSValue native, sdk, hooks;

    rt = JS_NewRuntime();
    if (!rt)
        abort();
    rt->stack_limit = STACK_RESERVED;
    JS_SetMemoryLimit(rt, HEAP_BYTES_MAX);
    JS_SetGCThreshold(rt, SIZE_MAX);
    ctx = JS_NewContext(rt);
    if (!ctx)
        abort();
    /* The engine draws this from the clock; a fixed value keeps two builds of the guest equal. */
    ctx->hash_seed = 0x9e3779b9u;
    atom_main = JS_NewAtom(ctx, "main");
    rt->class_array[JS_CLASS_ASYNC_FUNCTION].call = call_async;
    /* Of all plain objects only that of the parameters is marked to be asked in this way. */
    rt->class_array[JS_CLASS_OBJECT].exotic = &params_methods;

    native = JS_NewObject(ctx);
    JS_SetPropertyFunctionList(ctx, native, native_functions, countof(native_functions));
    sdk = evaluate(sdk_js, sizeof(sdk_js) - 1, "quorate:sdk", 0);
    hooks = JS_Call(ctx, sdk, JS_UNDEFINED, 1, (JSValueConst *)&native);
    if (JS_IsException(hooks))
        abort();
    hook_begin = hook(hooks, "begin");
    hook_settle = hook(hooks, "settle");
    hook_deliver = hook(hooks, "deliver");
    hook_tick = hook(hooks, "tick");
    hook_finish = hook(hooks, "finish");
    hook_describe = hook(hooks, "describe");
    hook_cause = hook(hooks, "cause");
    main_getter = evaluate(getter, sizeof(getter) - 1, "quorate:sdk", JS_EVAL_FLAG_COMPILE_ONLY);
    call_once(hooks, "adopt", evaluate(ethers_js, sizeof(ethers_js) - 1, "quorate:ethers", 0));
    call_once(hooks, "warm", JS_UNDEFINED);
    JS_FreeValue(ctx, hooks);
    JS_FreeValue(ctx, sdk);
    JS_FreeValue(ctx, native);
    JS_SetHostPromiseRejectionTracker(rt, track_rejection, NULL);
    while (JS_IsJobPending(rt)) {
        JSContext *job;
        if (JS_ExecutePendingJob(rt, &job) < 0)
            abort();
    }
    JS_RunGC(rt);
    JS_SetGCThreshold(rt, rt->malloc_state.malloc_size + GC_HEADROOM);
    fill_holes();
}
