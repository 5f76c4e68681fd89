/* Formatted text into a bounded buffer: counts what it would have written, so that a caller can see a cut. */
#include <synos/fmt.h>
#include <stdbool.h>
#include <stdint.h>

/* The analyzer of clang 14 does not follow a va_list through a pointer: it takes each for uninitialised. */
// NOLINTBEGIN(clang-analyzer-valist.Uninitialized)

struct sink {
    char *out;
    size_t capacity, length;
};

/* One conversion as written: %[-0][width][.precision][l|ll|z]kind */
struct spec {
    bool left, zero, wide;
    int width, precision;
    char kind;
};

static void put(struct sink *sink, char byte)
{
    if (sink->length + 1 < sink->capacity) sink->out[sink->length] = byte;
    sink->length++;
}

static void put_padded(struct sink *sink, const struct spec *spec, const char *text, int length)
{
    int padding = spec->width > length ? spec->width - length : 0;

    for (; !spec->left && padding > 0; padding--) put(sink, ' ');
    for (int i = 0; i < length; i++) put(sink, text[i]);
    for (; padding > 0; padding--) put(sink, ' ');
}

static void put_text(struct sink *sink, const struct spec *spec, const char *text)
{
    int length = 0;

    if (!text) text = "(null)";
    while ((spec->precision < 0 || length < spec->precision) && text[length] != '\0') length++;
    put_padded(sink, spec, text, length);
}

/* Digits are made from the right; zeros fill the width behind the prefix ("-" or "0x"), blanks fill it in
 * front. */
static void put_number(struct sink *sink, const struct spec *spec, uint64_t value, unsigned base,
                       const char *prefix)
{
    const char *digits = spec->kind == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[24 + 64];
    int at = sizeof(text), prefix_length = 0, zeros_to = 0;

    do {
        text[--at] = digits[value % base];
        value /= base;
    } while (value > 0);
    while (prefix[prefix_length] != '\0') prefix_length++;
    if (spec->zero && !spec->left) zeros_to = spec->width < 64 ? spec->width : 64;
    while ((int)sizeof(text) - at + prefix_length < zeros_to) text[--at] = '0';
    while (prefix_length > 0) text[--at] = prefix[--prefix_length];
    put_padded(sink, spec, text + at, (int)sizeof(text) - at);
}

static int read_count(const char **format, va_list *arguments)
{
    int count = 0;

    if (**format == '*') {
        (*format)++;
        count = va_arg(*arguments, int);
        return count < 0 ? 0 : count;
    }
    for (; **format >= '0' && **format <= '9'; (*format)++)
        if (count < 100000) count = count * 10 + (**format - '0');
    return count;
}

static struct spec read_spec(const char **format, va_list *arguments)
{
    struct spec spec = {.precision = -1};

    for (; **format == '-' || **format == '0'; (*format)++) {
        spec.left |= **format == '-';
        spec.zero |= **format == '0';
    }
    spec.width = read_count(format, arguments);
    if (**format == '.') {
        (*format)++;
        spec.precision = read_count(format, arguments);
    }
    for (; **format == 'l' || **format == 'z'; (*format)++) spec.wide = true;
    spec.kind = **format;
    if (spec.kind != '\0') (*format)++;
    return spec;
}

static void put_signed(struct sink *sink, const struct spec *spec, va_list *arguments)
{
    int64_t value = spec->wide ? va_arg(*arguments, int64_t) : va_arg(*arguments, int);

    put_number(sink, spec, value < 0 ? -(uint64_t)value : (uint64_t)value, 10, value < 0 ? "-" : "");
}

static void put_unsigned(struct sink *sink, const struct spec *spec, va_list *arguments)
{
    uint64_t value = spec->wide ? va_arg(*arguments, uint64_t) : va_arg(*arguments, unsigned);

    put_number(sink, spec, value, spec->kind == 'u' ? 10 : 16, "");
}

static void put_conversion(struct sink *sink, const struct spec *spec, va_list *arguments)
{
    char byte;

    switch (spec->kind) {
    case 'd':
    case 'i': put_signed(sink, spec, arguments); break;
    case 'u':
    case 'x':
    case 'X': put_unsigned(sink, spec, arguments); break;
    case 'p': put_number(sink, spec, (uintptr_t)va_arg(*arguments, void *), 16, "0x"); break;
    case 's': put_text(sink, spec, va_arg(*arguments, const char *)); break;
    case 'c':
        byte = (char)va_arg(*arguments, int);
        put_padded(sink, spec, &byte, 1);
        break;
    case '\0': put(sink, '%'); break;
    case '%': put(sink, '%'); break;
    default: put(sink, '%'); put(sink, spec->kind);
    }
}

int fmt_vsnprintf(char *out, size_t capacity, const char *format, va_list arguments)
{
    struct sink sink = {.out = out, .capacity = capacity};
    va_list left;

    va_copy(left, arguments);
    while (*format != '\0') {
        if (*format != '%') {
            put(&sink, *format++);
            continue;
        }
        format++;
        struct spec spec = read_spec(&format, &left);
        put_conversion(&sink, &spec, &left);
    }
    va_end(left);
    if (capacity > 0) out[sink.length < capacity ? sink.length : capacity - 1] = '\0';
    return (int)sink.length;
}

int fmt_snprintf(char *out, size_t capacity, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int length = fmt_vsnprintf(out, capacity, format, arguments);
    va_end(arguments);
    return length;
}

// NOLINTEND(clang-analyzer-valist.Uninitialized)
