/* What the edited engine calls; see `edits.rs` of the build. */
#include "quickjs.h"

struct JSString;

/* Reads a text as Date.parse does: year, month from 0, day, hour, minute, second, millisecond, and what the
   clocks there are ahead, in minutes, at index 8. */
static bool read_date(struct JSString *text, int fields[9]);
/* Whether the items of a typed array are bigints. */
static bool holds_bigints(struct JSObject *array);
/* Sorts a typed array by a comparator, by means of a copy; whether the array to sort is that copy. */
static JSValue sort_copy(JSContext *c, JSValueConst array, JSValueConst *comparator);
static bool takes_copy_to_sort(void);
/* The function of runOnce in which the code that runs was written down, or 0 outside of all. */
static uint32_t async_context;
/* What Math.random draws from in such functions: the other nodes do not run them, and must draw the same afterwards. */
static uint64_t alone_random_state;
/* Whether a global that can be neither set nor deleted is an object: those of ECMAScript are none (undefined, NaN, Infinity). */
static bool is_object_of_ours(struct JSObject *global, JSAtom name);
