/*
 * Date.parse: the format of the standard, and whatever else Node.js reads as a date.
 *
 * A text is first read by the standard's format. Where it leaves that, the rest is read piece by piece:
 * numbers are parts of the day, or of the time if a colon is behind them, words are months, zones, AM or PM, and
 * what is in parentheses counts for nothing. Years of four digits and more, and negative ones of six, are as they are
 * written, so that every date is read back from its own texts.
 */

enum { DATE_NONE = -1 };
enum { DATE_END, DATE_NUMBER, DATE_SIGN, DATE_MARK, DATE_WORD, DATE_SPACE, DATE_OTHER };

typedef struct {
    int kind;
    int value;  /* of a number; +1 or -1; the character of a mark */
    int digits; /* written, leading zeros included */
    int millis; /* a number as what stands behind a decimal point */
    int length; /* of a word */
    char word[4]; /* its first three letters, small */
} DatePiece;

typedef struct {
    JSString *text;
    int at;
    DatePiece next;
    int day[3], day_digits[3], days;
    int time[4], times;
    int named_month, half;
    int sign, ahead_hours, ahead_minutes;
    bool is_iso;
} DateReader;

static const struct {
    char word[4];
    int8_t hours;
} date_zones[] = { { "ut", 0 },   { "utc", 0 },  { "z", 0 },    { "gmt", 0 },  { "cdt", -5 }, { "cst", -6 },
                   { "edt", -4 }, { "est", -5 }, { "mdt", -6 }, { "mst", -7 }, { "pdt", -7 }, { "pst", -8 } };
static const char date_months[] = "janfebmaraprmayjunjulaugsepoctnovdec";

static bool date_between(int value, int low, int high)
{
    return value >= low && value <= high;
}

static int date_unit(DateReader *r, int ahead)
{
    int at = r->at + ahead;
    return at < r->text->len ? string_get(r->text, at) : DATE_NONE;
}

static bool date_is_letter(int unit)
{
    return unit >= 'A' && !lre_is_space(unit);
}

static void date_number(DateReader *r, DatePiece *piece)
{
    int unit, significant = 0, places = 0;

    piece->kind = DATE_NUMBER;
    for (; date_between(unit = date_unit(r, 0), '0', '9'); r->at++) {
        int digit = unit - '0';
        if (places < 3) {
            piece->millis = piece->millis * 10 + digit;
            places++;
        }
        piece->digits++;
        /* Nine digits are more than any date has. */
        if ((digit || significant) && significant++ < 9)
            piece->value = piece->value * 10 + digit;
    }
    while (places++ < 3)
        piece->millis *= 10;
}

static void date_parentheses(DateReader *r)
{
    int depth = 0, unit;
    while ((unit = date_unit(r, 0)) != DATE_NONE) {
        r->at++;
        depth += (unit == '(') - (unit == ')');
        if (depth == 0)
            return;
    }
}

/* Takes the next piece; the one behind it is then in `next`. */
static DatePiece date_take(DateReader *r)
{
    DatePiece taken = r->next, piece = { 0 };
    int unit = date_unit(r, 0);

    if (unit == DATE_NONE) {
        piece.kind = DATE_END;
    } else if (date_between(unit, '0', '9')) {
        date_number(r, &piece);
    } else if (date_is_letter(unit)) {
        piece.kind = DATE_WORD;
        for (; date_is_letter(unit = date_unit(r, 0)); r->at++) {
            if (piece.length < 3)
                piece.word[piece.length] = unit < 128 ? unit | 0x20 : '?';
            piece.length++;
        }
    } else if (unit == '(') {
        piece.kind = DATE_OTHER;
        date_parentheses(r);
    } else {
        r->at++;
        piece.value = unit;
        piece.kind = lre_is_space(unit) ? DATE_SPACE : unit == ':' || unit == '.' || unit == ')' ? DATE_MARK : DATE_OTHER;
        if (unit == '+' || unit == '-') {
            piece.kind = DATE_SIGN;
            piece.value = unit == '+' ? 1 : -1;
        }
    }
    r->next = piece;
    return taken;
}

static bool date_is(DatePiece *piece, int kind, int value)
{
    return piece->kind == kind && piece->value == value;
}

static bool date_skip(DateReader *r, int kind, int value)
{
    bool is = date_is(&r->next, kind, value);
    if (is)
        date_take(r);
    return is;
}

static bool date_is_z(DatePiece *piece)
{
    return piece->kind == DATE_WORD && piece->length == 1 && piece->word[0] == 'z';
}

/* Takes a number of so many digits within bounds. */
static bool date_fixed(DateReader *r, int digits, int low, int high, int *value)
{
    if (r->next.kind != DATE_NUMBER || r->next.digits != digits || !date_between(r->next.value, low, high))
        return false;
    *value = date_take(r).value;
    return true;
}

static bool date_add_day(DateReader *r, int value, int digits)
{
    if (r->days == 3)
        return false;
    r->day[r->days] = value;
    r->day_digits[r->days++] = digits;
    return true;
}

static bool date_add_time(DateReader *r, int value)
{
    if (r->times == 4)
        return false;
    r->time[r->times++] = value;
    return true;
}

static bool date_time_expects(DateReader *r, int value)
{
    static const int most[4] = { -1, 59, 59, 999 };
    return r->times > 0 && r->times < 4 && date_between(value, 0, most[r->times]);
}

static void date_end_time(DateReader *r)
{
    while (r->times < 4)
        r->time[r->times++] = 0;
}

/* `+hh:mm`, `+hhmm` or `Z` behind a time of the standard's format. */
static bool date_iso_zone(DateReader *r)
{
    if (date_is_z(&r->next)) {
        date_take(r);
        r->sign = 1;
        r->ahead_hours = r->ahead_minutes = 0;
        return true;
    }
    if (r->next.kind != DATE_SIGN)
        return true;
    r->sign = date_take(r).value;
    if (r->next.kind == DATE_NUMBER && r->next.digits == 4) {
        int both = date_take(r).value;
        r->ahead_hours = both / 100;
        r->ahead_minutes = both % 100;
        return r->ahead_hours < 24 && r->ahead_minutes < 60;
    }
    return date_fixed(r, 2, 0, 23, &r->ahead_hours) && date_skip(r, DATE_MARK, ':') &&
           date_fixed(r, 2, 0, 59, &r->ahead_minutes);
}

/* The time of the standard's format. What begins as one and is none makes the text no date. */
static bool date_iso_time(DateReader *r)
{
    int hour, part, most;

    if (!date_fixed(r, 2, 0, 24, &hour))
        return false;
    date_add_time(r, hour);
    /* The end of a day, and nothing behind it. */
    most = hour == 24 ? 0 : 59;
    if (!date_skip(r, DATE_MARK, ':') || !date_fixed(r, 2, 0, most, &part))
        return false;
    date_add_time(r, part);
    if (date_skip(r, DATE_MARK, ':')) {
        if (!date_fixed(r, 2, 0, most, &part))
            return false;
        date_add_time(r, part);
        if (date_skip(r, DATE_MARK, '.')) {
            if (r->next.kind != DATE_NUMBER || (hour == 24 && r->next.value))
                return false;
            date_add_time(r, date_take(r).millis);
        }
    }
    date_end_time(r);
    return date_iso_zone(r) && r->next.kind == DATE_END;
}

/* The standard's format as far as it goes: 1 if it is the whole text, 0 if the rest is to be read piece by piece,
   -1 if the text is no date. */
static int date_iso(DateReader *r)
{
    int value, sign = 1, digits = 4;

    if (r->next.kind == DATE_SIGN) {
        if (!date_between(date_unit(r, 0), '0', '9'))
            return 0;
        digits = 6;
        sign = r->next.value;
        DateReader before = *r;
        date_take(r);
        if (r->next.kind != DATE_NUMBER || r->next.digits != 6) {
            *r = before;
            return 0;
        }
        if (sign < 0 && r->next.value == 0)
            return -1;
    }
    if (!date_fixed(r, digits, 0, 999999, &value))
        return 0;
    date_add_day(r, sign * value, digits);
    if (date_skip(r, DATE_SIGN, -1)) {
        if (!date_fixed(r, 2, 1, 12, &value))
            return 0;
        date_add_day(r, value, 2);
        if (date_skip(r, DATE_SIGN, -1)) {
            if (!date_fixed(r, 2, 1, 31, &value))
                return 0;
            date_add_day(r, value, 2);
        }
    }
    if (r->next.kind == DATE_WORD && r->next.length == 1 && r->next.word[0] == 't') {
        date_take(r);
        r->is_iso = true;
        return date_iso_time(r) ? 1 : -1;
    }
    if (r->next.kind != DATE_END)
        return 0;
    r->is_iso = true;
    return 1;
}

static bool date_read_number(DateReader *r, DatePiece *piece)
{
    if (date_skip(r, DATE_MARK, ':')) {
        if (date_skip(r, DATE_MARK, ':')) {
            if (r->times)
                return false;
            date_add_time(r, piece->value);
            return date_add_time(r, 0);
        }
        if (!date_add_time(r, piece->value))
            return false;
        date_skip(r, DATE_MARK, '.');
        return true;
    }
    if (date_is(&r->next, DATE_MARK, '.') && date_time_expects(r, piece->value)) {
        date_take(r);
        date_add_time(r, piece->value);
        if (r->next.kind != DATE_NUMBER)
            return false;
        if (!date_add_time(r, date_take(r).millis))
            return false;
        date_end_time(r);
        return true;
    }
    if (date_is(&r->next, DATE_MARK, '.'))
        date_take(r);
    if (r->ahead_hours != DATE_NONE && r->ahead_minutes == DATE_NONE && piece->value < 60) {
        r->ahead_minutes = piece->value;
        return true;
    }
    if (date_time_expects(r, piece->value)) {
        date_add_time(r, piece->value);
        date_end_time(r);
        return r->next.kind == DATE_END || r->next.kind == DATE_SPACE || r->next.kind == DATE_SIGN || date_is_z(&r->next);
    }
    if (!date_add_day(r, piece->value, piece->digits))
        return false;
    date_skip(r, DATE_SIGN, -1);
    return true;
}

static bool date_read_word(DateReader *r, DatePiece *piece, bool has_number)
{
    size_t i;

    if (piece->length == 2 && piece->word[1] == 'm' && (piece->word[0] == 'a' || piece->word[0] == 'p') && r->times) {
        r->half = piece->word[0] == 'a' ? 0 : 12;
        return true;
    }
    for (i = 0; piece->length >= 3 && i < 12; i++) {
        if (!memcmp(date_months + 3 * i, piece->word, 3)) {
            r->named_month = i + 1;
            date_skip(r, DATE_SIGN, -1);
            return true;
        }
    }
    for (i = 0; has_number && i < countof(date_zones); i++) {
        if (piece->length <= 3 && !strcmp(date_zones[i].word, piece->word)) {
            r->sign = date_zones[i].hours < 0 ? -1 : 1;
            r->ahead_hours = abs(date_zones[i].hours);
            r->ahead_minutes = 0;
            return true;
        }
    }
    /* Other words may stand before the first number, and away from it. */
    return !has_number && r->next.kind != DATE_NUMBER;
}

/* What the clocks are ahead, after a time or after UTC. */
static bool date_read_offset(DateReader *r, int sign)
{
    int value = 0, digits = 0;

    r->sign = sign;
    if (r->next.kind == DATE_NUMBER) {
        DatePiece number = date_take(r);
        value = number.value;
        digits = number.digits;
    }
    if (date_is(&r->next, DATE_MARK, ':')) {
        r->ahead_hours = value;
        r->ahead_minutes = DATE_NONE;
        return true;
    }
    if (digits < 1 || digits > 4)
        return false;
    r->ahead_hours = digits > 2 ? value / 100 : value;
    r->ahead_minutes = digits > 2 ? value % 100 : 0;
    return true;
}

static bool date_read_rest(DateReader *r)
{
    bool has_number = r->days > 0;

    for (;;) {
        DatePiece piece = date_take(r);
        bool is_utc = r->ahead_hours == 0 && r->ahead_minutes == 0;
        switch (piece.kind) {
        case DATE_END:
            return true;
        case DATE_NUMBER:
            has_number = true;
            if (!date_read_number(r, &piece))
                return false;
            break;
        case DATE_WORD:
            if (!date_read_word(r, &piece, has_number))
                return false;
            break;
        case DATE_SIGN:
            if (is_utc || r->times) {
                has_number = true;
                if (!date_read_offset(r, piece.value))
                    return false;
            } else if (piece.value < 0 && r->named_month != DATE_NONE && has_number && r->next.kind == DATE_NUMBER && r->next.digits >= 4) {
                /* A year before 0 as our own texts have it. */
                if (!date_add_day(r, -date_take(r).value, 6))
                    return false;
            } else if (has_number) {
                return false;
            }
            break;
        case DATE_MARK:
            if (piece.value == ')' && has_number)
                return false;
            break;
        default:
            break;
        }
    }
}

/* Which parts are year, month and day. What is not there is 1. */
static bool date_write_day(DateReader *r, int fields[9])
{
    bool begins_with_year = r->is_iso || !date_between(r->day[0], 1, 31);
    bool is_named = r->named_month != DATE_NONE;
    int year_at = begins_with_year ? 0 : is_named ? 1 : 2;
    int month, day, year;

    if (r->days == 0)
        return false;
    while (r->days < 3)
        date_add_day(r, 1, 1);
    month = is_named ? r->named_month : r->day[begins_with_year ? 1 : 0];
    day = is_named ? r->day[begins_with_year ? 1 : 0] : r->day[begins_with_year ? 2 : 1];
    year = r->day[year_at];
    if (r->day_digits[year_at] < 4 && date_between(year, 0, 99))
        year += year < 50 ? 2000 : 1900;
    fields[0] = year;
    fields[1] = month - 1;
    fields[2] = day;
    return date_between(month, 1, 12) && date_between(day, 1, 31);
}

static bool date_write_time(DateReader *r, int fields[9])
{
    int i, hour;

    date_end_time(r);
    hour = r->time[0];
    if (r->half != DATE_NONE) {
        if (!date_between(hour, 0, 12))
            return false;
        r->time[0] = hour % 12 + r->half;
    }
    for (i = 0; i < 4; i++)
        fields[3 + i] = r->time[i];
    if (r->time[0] == 24)
        return r->time[1] == 0 && r->time[2] == 0 && r->time[3] == 0;
    return date_between(r->time[0], 0, 23) && date_between(r->time[1], 0, 59) && date_between(r->time[2], 0, 59) &&
           date_between(r->time[3], 0, 999);
}

static bool read_date(JSString *text, int fields[9])
{
    DateReader r = { .text = text, .named_month = DATE_NONE, .half = DATE_NONE, .ahead_hours = DATE_NONE, .ahead_minutes = DATE_NONE };
    int whole;

    memset(fields, 0, 9 * sizeof(fields[0]));
    date_take(&r);
    whole = date_iso(&r);
    if (whole < 0 || (whole == 0 && !date_read_rest(&r)))
        return false;
    if (r.sign) {
        int hours = r.ahead_hours == DATE_NONE ? 0 : r.ahead_hours;
        int minutes = r.ahead_minutes == DATE_NONE ? 0 : r.ahead_minutes;
        if (hours > 9999)
            return false;
        fields[8] = r.sign * (hours * 60 + minutes);
    }
    return date_write_day(&r, fields) && date_write_time(&r, fields);
}
