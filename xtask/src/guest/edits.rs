//! Where the engine does otherwise than ECMAScript says, a few lines of it are replaced while the guest is built.
//!
//! An edit names words that stand in a file exactly once, so that a new version of the engine which has
//! changed there fails to build instead of being edited at another place, or not at all. What is longer
//! than a few lines is a function of ours in `repairs.c` or `dates.c` of the guest, which an edit calls.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::Inputs;

struct Edit {
    file: &'static str,
    find: &'static str,
    replace: &'static str,
}

const EDITS: [Edit; 30] = [
    // Number::toString. Below a power of two numbers lie closer together than above it, so that the decimal which is
    // nearest may be read as another number while the next one above is read as this one.
    Edit {
        file: "dtoa.c",
        find: "uint64_t m1, mant_found, mant, mant_max1;",
        replace: "uint64_t m1, mant_found, mant, mant_max1, nearest; int digits;",
    },
    Edit {
        file: "dtoa.c",
        find: "/* remove useless trailing zero digits */",
        replace: "nearest = mant; digits = P;",
    },
    Edit {
        file: "dtoa.c",
        find: "            if (m1 == m && e1 == e) {",
        replace:
            "            if ((m1 != m || e1 != e) && m == (uint64_t)1 << 52 && nearest + 1 < mant_max1) {
                mant = nearest + 1;
                P = digits;
                mpb_set_u64(tmp1, mant);
                m1 = mul_pow_round_to_d(&e1, tmp1, radix1, radix_shift, E - P, JS_RNDN);
            }
            if (m1 == m && e1 == e) {",
    },
    // %TypedArray%.prototype.set: numbers are no bigints, however many there are; and what overlaps is copied first.
    Edit {
        file: "quickjs.c",
        find: "        if (typed_array_is_oob(src_p))
            goto detached;

        src_len = src_p->u.array.count;
        if (offset > dst_len - src_len)",
        replace: "        if (typed_array_is_oob(src_p))
            goto detached;
        if (holds_bigints(src_p) != holds_bigints(p)) {
            JS_ThrowTypeError(ctx, \"cannot mix BigInt with other types\");
            goto fail;
        }
        src_len = src_p->u.array.count;
        if (offset > dst_len - src_len)",
    },
    Edit {
        file: "quickjs.c",
        find: "        if (dest_abuf->data == src_abuf->data) {",
        replace: "        if (dest_abuf->data == src_abuf->data) {
            JSValue copy = js_typed_array_constructor(ctx, JS_UNDEFINED, 1, vc(&src_obj), src_p->class_id);
            if (JS_IsException(copy))
                goto fail;
            JS_FreeValue(ctx, src_obj);
            src_obj = copy;",
    },
    // %TypedArray%.prototype.sort: a comparator that changes the array, or its length, sees what was there before.
    Edit {
        file: "quickjs.c",
        find: "    len = p->u.array.count;
    if (len > 1) {
        switch (p->class_id) {
        case JS_CLASS_INT8_ARRAY:
            tsc.getfun = js_TA_get_int8;",
        replace: "    if (!takes_copy_to_sort() && !JS_IsUndefined(tsc.cmp))
        return sort_copy(ctx, this_val, argv);
    len = p->u.array.count;
    if (len > 1) {
        switch (p->class_id) {
        case JS_CLASS_INT8_ARRAY:
            tsc.getfun = js_TA_get_int8;",
    },
    // CanonicalNumericIndexString knows NaN.
    Edit {
        file: "quickjs.c",
        find: "                  !memcmp(r + 1, \"nfinity\", 7)))",
        replace: "                  !memcmp(r + 1, \"nfinity\", 7)) && !(len == 3 && !memcmp(r, \"NaN\", 3)))",
    },
    // Array.prototype.sort: an item that is where it belongs is set all the same. Of less than two items nothing is sorted,
    // neither in Node.js, so that frozen lists of one may be sorted.
    Edit { file: "quickjs.c", find: "if (array[n].pos == n) {", replace: "if (false) {" },
    Edit {
        file: "quickjs.c",
        find: "    if (js_get_length64(ctx, &len, obj))
        goto exception;

    /* XXX: should special case fast arrays */
    for (i = 0; i < len; i++) {
        if (pos >= array_size) {",
        replace: "    if (js_get_length64(ctx, &len, obj))
        goto exception;
    if (len < 2)
        return obj;
    for (i = 0; i < len; i++) {
        if (pos >= array_size) {",
    },
    // RegExp.prototype.source: all that ends a line is written as an escape, also behind a backslash.
    Edit {
        file: "quickjs.c",
        find: "                c2 = string_get(p, i++);
            break;
        case ']':",
        replace: r#"                c2 = string_get(p, i++);
            if (c2 == 0x2028 || c2 == 0x2029) {
                string_buffer_puts8(b, c2 == 0x2028 ? "\\u2028" : "\\u2029");
                continue;
            }
            c2 = c2 == '\n' ? 'n' : c2 == '\r' ? 'r' : c2;
            break;
        case ']':"#,
    },
    Edit {
        file: "quickjs.c",
        find: "c2 = 'n';",
        replace: r#"c2 = 'n';
            break;
        case 0x2028:
        case 0x2029:
            string_buffer_puts8(b, c == 0x2028 ? "\\u2028" : "\\u2029");
            continue;"#,
    },
    // Function and its kin, once the action's text is compiled.
    Edit {
        file: "quickjs.c",
        find: "\"eval is not supported\"",
        replace: "\"no text becomes code at run time; bundle into the action whatever it needs\"",
    },
    // `import()`, and `import` in a bundle: there are no modules.
    Edit {
        file: "quickjs.c",
        find: "        JS_ThrowReferenceError(ctx, \"could not load module '%s'\",",
        replace: "        JS_ThrowReferenceError(ctx, \"there is no import at run time: `quorate action build` puts '%s' into the action\",",
    },
    // A `let` or `const` of the script takes the place of a global that stays: scripts keep `LitActions` and others under their names.
    Edit {
        file: "quickjs.c",
        find: "        if (prs && !(prs->flags & JS_PROP_CONFIGURABLE))
            goto fail_redeclaration;",
        replace: "        if (prs && !(prs->flags & JS_PROP_CONFIGURABLE) && !is_object_of_ours(p, prop))
            goto fail_redeclaration;",
    },
    // Date.parse.
    Edit {
        file: "quickjs.c",
        find: "    if (js_date_parse_isostring(buf, fields, &is_local)
    ||  js_date_parse_otherstring(buf, fields, &is_local)) {",
        replace: "    if (read_date(sp, fields)) {",
    },
    Edit {
        file: "quickjs.c",
        find: "            d = set_date_fields(fields1, is_local) - fields[8] * 60000;",
        replace: "            fields1[4] -= fields[8];
            d = set_date_fields(fields1, false);",
    },
    // Asynchronous generators: all that waits is answered once the generator is at its end, not the first only, and
    // one that was entered again while it answered goes on where it then is.
    Edit {
        file: "quickjs.c",
        find: "    JSAsyncGeneratorRequest *next;
    JSValue func_ret, value;

    for(;;) {",
        replace: "    JSAsyncGeneratorRequest *next;
    JSValue func_ret, value;
    bool restarts = s->state == JS_ASYNC_GENERATOR_STATE_EXECUTING;
    uint32_t context = async_context;

    for(;; restarts = false) {
        if (s->state == JS_ASYNC_GENERATOR_STATE_EXECUTING && !restarts)
            break;",
    },
    Edit {
        file: "quickjs.c",
        find: "                js_async_generator_reject(ctx, s, next->result);
            }
            goto done;",
        replace: "                js_async_generator_reject(ctx, s, next->result);
            }
            break;",
    },
    Edit {
        file: "quickjs.c",
        find: "            js_async_generator_resolve(ctx, s, arg, true);
        }",
        replace: "            js_async_generator_resolve(ctx, s, arg, true);
        }
        js_async_generator_resume_next(ctx, s);",
    },
    // The asynchronous context: what is registered in the function of runOnce is run as a part of it, whoever sets it off.
    // A job has that of where it was queued; a reaction to a promise that of where it was registered.
    Edit {
        file: "quickjs.c",
        find: "    int argc;
    JSValue argv[];
} JSJobEntry;",
        replace: "    int argc;
    uint32_t context;
    JSValue argv[];
} JSJobEntry;",
    },
    Edit {
        file: "quickjs.c",
        find: "    e->job_func = job_func;",
        replace: "    e->job_func = job_func;
    e->context = async_context;",
    },
    Edit {
        file: "quickjs.c",
        find: "    res = e->job_func(e->ctx, e->argc, vc(e->argv));",
        replace: "    async_context = e->context;
    res = e->job_func(e->ctx, e->argc, vc(e->argv));
    async_context = 0;",
    },
    Edit {
        file: "quickjs.c",
        find: "    JSValue handler;
} JSPromiseReactionData;",
        replace: "    JSValue handler;
    uint32_t context;
} JSPromiseReactionData;",
    },
    Edit {
        file: "quickjs.c",
        find: "        rd->handler = js_dup(handler);",
        replace: "        rd->handler = js_dup(handler);
        rd->context = async_context;",
    },
    Edit {
        file: "quickjs.c",
        find: "        args[4] = value;
        JS_EnqueueJob(ctx, promise_reaction_job, 5, args);",
        replace: "        args[4] = value;
        uint32_t context = async_context;
        async_context = rd->context;
        JS_EnqueueJob(ctx, promise_reaction_job, 5, args);
        async_context = context;",
    },
    Edit {
        file: "quickjs.c",
        find: "    v = xorshift64star(&ctx->random_state);",
        replace: "    v = xorshift64star(async_context ? &alone_random_state : &ctx->random_state);",
    },
    // What an asynchronous generator does for one who asked it is in the context of who asked.
    Edit {
        file: "quickjs.c",
        find: "    int completion_type; /* GEN_MAGIC_x */",
        replace: "    int completion_type; /* GEN_MAGIC_x */
    uint32_t context;",
    },
    Edit {
        file: "quickjs.c",
        find: "    req->completion_type = magic;",
        replace: "    req->completion_type = magic;
    req->context = async_context;",
    },
    Edit {
        file: "quickjs.c",
        find: "        next = list_entry(s->queue.next, JSAsyncGeneratorRequest, link);
        switch(s->state) {",
        replace: "        next = list_entry(s->queue.next, JSAsyncGeneratorRequest, link);
        async_context = next->context;
        switch(s->state) {",
    },
    Edit {
        file: "quickjs.c",
        find: " done: ;",
        replace: " done:
    async_context = context;",
    },
];

/// The engine's files as they are compiled.
const FILES: [&str; 2] = ["quickjs.c", "dtoa.c"];

/// Adds what decides how the engine is edited.
pub(super) fn add_inputs(inputs: &mut Inputs) {
    for Edit { file, find, replace } in &EDITS {
        inputs.add("file", file.as_bytes());
        inputs.add("find", find.as_bytes());
        inputs.add("replace", replace.as_bytes());
    }
}

/// Writes the engine's edited files into `to`.
pub(super) fn apply(engine: &Path, to: &Path) -> Result<()> {
    for file in FILES {
        let mut text = fs::read_to_string(engine.join(file)).with_context(|| format!("reading {file}"))?;
        for Edit { find, replace, .. } in EDITS.iter().filter(|edit| edit.file == file) {
            let found = text.matches(find).count();
            if found != 1 {
                bail!("{file} of the engine has these words {found} times instead of once:\n{find}");
            }
            text = text.replacen(find, replace, 1);
        }
        fs::write(to.join(file), text)?;
    }
    Ok(())
}

/// A file of the engine: the edited one, if it is edited.
pub(super) fn source(engine: &Path, edited: &Path, file: &str) -> PathBuf {
    if FILES.contains(&file) { edited.join(file) } else { engine.join(file) }
}
