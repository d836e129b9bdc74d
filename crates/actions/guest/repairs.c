/* Functions of ours that the edited engine calls. */

static bool holds_bigints(JSObject *array)
{
    return array->class_id == JS_CLASS_BIG_INT64_ARRAY || array->class_id == JS_CLASS_BIG_UINT64_ARRAY;
}

static bool sorts_copy;

static bool takes_copy_to_sort(void)
{
    bool is = sorts_copy;
    sorts_copy = false;
    return is;
}

/* The comparator may do anything with the array, so a copy is sorted, and what still has a place is written back. */
static JSValue sort_copy(JSContext *c, JSValueConst array, JSValueConst *comparator)
{
    JSObject *object = JS_VALUE_GET_OBJ(array), *from;
    JSValue sorted, copy = js_typed_array_constructor(c, JS_UNDEFINED, 1, &array, object->class_id);
    uint32_t length;

    if (JS_IsException(copy))
        return copy;
    sorts_copy = true;
    sorted = js_typed_array_sort(c, copy, 1, comparator);
    if (JS_IsException(sorted)) {
        JS_FreeValue(c, copy);
        return sorted;
    }
    JS_FreeValue(c, sorted);
    from = JS_VALUE_GET_OBJ(copy);
    length = min_uint32(from->u.array.count, object->u.array.count);
    if (length)
        memcpy(object->u.array.u.ptr, from->u.array.u.ptr, (size_t)length << typed_array_size_log2(object->class_id));
    JS_FreeValue(c, copy);
    return js_dup(array);
}

static bool is_object_of_ours(JSObject *global, JSAtom name)
{
    JSProperty *property;
    JSShapeProperty *found = find_own_property(&property, global, name);

    return found && !(found->flags & JS_PROP_TMASK) && JS_IsObject(property->u.value);
}
